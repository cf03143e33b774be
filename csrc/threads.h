#pragma once

namespace fused {

// work(context, part) for part = 0 … parts − 1, at most that many at once; returns when all are done.
void parallel(int parts, void (*work)(void *, int), void *context);

}  // namespace fused
