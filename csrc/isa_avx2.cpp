#define FUSED_ISA avx2
#include "isa.h"
