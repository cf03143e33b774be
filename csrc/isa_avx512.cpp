#define FUSED_ISA avx512
#include "isa.h"
