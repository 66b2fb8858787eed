#include "scenery.h"

#include "angle.h"

struct cells {
  s32 first, exclusive_end;
};

/* The cells of a row that reach into the view, with one to spare on either side. */
static struct cells cells_in_view(struct plane plane, s32 spacing) {
  const struct extent view = camera_extent(plane);
  const s32 from = view.left - spacing;
  const s32 first = from >= 0 ? from / spacing : -((-from + spacing - 1) / spacing);
  return (struct cells){first, first + (view.right - view.left) / spacing + 4};
}

static u32 cell_hash(s32 cell, u32 seed) { return hash((u32)cell * 2654435761u + seed); }

s32 scenery_random(s32 cell, u32 seed, s32 modulus) { return (s32)(cell_hash(cell, seed) % (u32)modulus); }

s32 skyline_lowest_row(const struct skyline *skyline) {
  return clamp(camera_project(camera_plane(skyline->depth), 0, skyline->low).y, 0, SCREEN_HEIGHT * SUBPIXELS);
}

void skyline_draw(const struct skyline *skyline, s32 bottom) {
  const struct plane plane = camera_plane(skyline->depth);
  const struct cells cells = cells_in_view(plane, skyline->spacing);
  gx_begin(TRIANGLE_STRIP, (u32)(cells.exclusive_end - cells.first) * 2);
  for (s32 cell = cells.first; cell < cells.exclusive_end; cell++) {
    const s32 y = skyline->low + scenery_random(cell, skyline->seed, skyline->high - skyline->low);
    const struct point peak = camera_project(plane, cell * skyline->spacing, y);
    gx_vertex(peak.x, peak.y, skyline->crest);
    gx_vertex(peak.x, higher(bottom, peak.y), skyline->foot);
  }
}

void scenery_disc(struct plane plane, s32 x, s32 y, s32 radius, u32 num_corners, rgba inner, rgba outer) {
  const struct point centre = camera_project(plane, x, y);
  const s32 r = camera_length(plane, radius);
  gx_begin(TRIANGLE_FAN, num_corners + 2);
  gx_vertex(centre.x, centre.y, inner);
  for (u32 k = 0; k <= num_corners; k++) {
    const s32 angle = (s32)(k * 256 / num_corners);
    gx_vertex(centre.x + ((r * cosine(angle)) >> 14), centre.y + ((r * sine(angle)) >> 14), outer);
  }
}

void scenery_stars(s32 depth, s32 spacing, s32 low, s32 high, u32 seed, rgba colour) {
  const struct plane plane = camera_plane(depth);
  const struct cells cells = cells_in_view(plane, spacing);
  for (s32 cell = cells.first; cell < cells.exclusive_end; cell++) {
    const u32 h = cell_hash(cell, seed);
    const struct point p = camera_project(plane, cell * spacing + (s32)(h & 0x3FFF) * spacing / 0x4000,
                                          low + (s32)((h >> 14) % (u32)((high - low) / UNIT)) * UNIT);
    const s32 size = 16 + (s32)(h >> 27);
    gx_gradient(p.x, p.y, p.x + size, p.y + size, colour, colour);
  }
}

void scenery_clouds(s32 depth, s32 spacing, s32 low, s32 high, u32 seed, rgba colour) {
  const struct plane plane = camera_plane(depth);
  const struct cells cells = cells_in_view(plane, spacing);
  for (s32 cell = cells.first; cell < cells.exclusive_end; cell++) {
    const s32 x = cell * spacing + scenery_random(cell, seed, spacing / 2),
              y = low + scenery_random(cell, seed + 1, high - low);
    const s32 size = spacing / 7 + scenery_random(cell, seed + 2, spacing / 10);
    scenery_disc(plane, x, y, size, 10, colour, colour);
    scenery_disc(plane, x + size, y - size / 4, size * 3 / 4, 8, colour, colour);
    scenery_disc(plane, x - size, y - size / 3, size * 2 / 3, 8, colour, colour);
  }
}

void scenery_posts(s32 depth, s32 spacing, s32 half_width, s32 bottom, s32 top, rgba upper, rgba lower) {
  const struct plane plane = camera_plane(depth);
  const struct cells cells = cells_in_view(plane, spacing);
  for (s32 cell = cells.first; cell < cells.exclusive_end; cell++) {
    const s32 x = cell * spacing + spacing / 2;
    const struct point a = camera_project(plane, x - half_width, top),
                       b = camera_project(plane, x + half_width, bottom);
    gx_gradient(a.x, a.y, b.x, b.y, upper, lower);
  }
}
