#define FUSED_ISA baseline
#include "isa.h"
