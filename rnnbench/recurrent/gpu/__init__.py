"""LSTM and GRU on a GPU, in Triton: a layer, a direction, all steps. Its very source is tested by interpreting it."""
