/* What lies behind the island: sky, and scenery at several depths, so that every move of the camera shows. */
#ifndef BACKDROP_H
#define BACKDROP_H
#include "stage_table.h"
void backdrop_draw(const struct stage *stage, const struct frame *frame);
#endif
