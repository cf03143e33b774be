"""What a kept model of a user's own file says of new rows, in that file's names and units."""

from rnnbench.predict.answers import predict

__all__ = ["predict"]
