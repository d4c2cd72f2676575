/* SPDX-License-Identifier: MIT */
#include "demo.h"

/* In the place of the image where no compiler makes one. */
const unsigned char demo_image[] = { 0 };
const size_t demo_image_size = 0;
