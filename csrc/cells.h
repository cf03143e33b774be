// The equations of each cell, one vector of units at a time, and their derivatives by hand.
//
// a[·] are pre-activations; primes mark the step before (h' = h_{t−1}); d[·] are gradients of pre-activations.
// `forward` is called for all rows of a tile, then `forward_last` with what it left in a: σ of one row and the next tanh
// of another do not wait for each other, which hides the latency of both.
// "slots" name the vectors of a and d. A GRU has one more slot than gates: its candidate keeps the shares of the input
// and of the state apart, because the reset gate scales only the latter.
//
// One header a cell under cells/, a struct of what it computes; its line in FUSED_CELLS (fused.h) gives it a number.
#pragma once
#include "cells/cifg.h"
#include "cells/cifg_nog.h"
#include "cells/gru.h"
#include "cells/gru_reset_before.h"
#include "cells/janet.h"
#include "cells/lstm.h"
#include "cells/mgu.h"
#include "cells/niaf.h"
#include "cells/nig.h"
#include "cells/noaf.h"
#include "cells/nog.h"
#include "cells/rnn.h"
#include "cells/ugrnn.h"
