#include "stage_table.h"

/* Blast zones, floors and ledges are Melee's (libmelee's stages.py has the same numbers, and a test compares
 * them). Camera limits, undersides and colours are ours. */
static const struct stage stages[] = {
    {.id = FINAL_DESTINATION,
     .blast = {U(-246), U(246), U(188), U(-140)},
     .camera = {U(-170), U(170), U(125), U(-80)},
     .num_sections = 4,
     .sections = {{0, 0, 0, U(-46)},
                  {U(40), 0, U(30), U(-36)},
                  {U(74), 0, U(62), U(-15)},
                  {U(85.5657), 0, U(84), U(-4)}},
     .sky_top = 0x05041AFF,
     .sky_middle = 0x4A2488FF,
     .sky_bottom = 0x05041AFF,
     .ground = 0x05041AFF,
     .glow_rows = 150,
     .floor = 0x9FA6D8FF,
     .front = 0x5A5F9EFF,
     .under = 0x191438FF},
    {.id = BATTLEFIELD,
     .blast = {U(-224), U(224), U(200), U(-108.8)},
     .camera = {U(-160), U(160), U(136), U(-62)},
     .num_sections = 5,
     .sections = {{0, 0, 0, U(-52)},
                  {U(22), 0, U(16), U(-46)},
                  {U(44), 0, U(36), U(-30)},
                  {U(60), 0, U(56), U(-13)},
                  {U(68.4), 0, U(67), U(-4)}},
     .num_ledges = 3,
     .ledges = {{U(-57.6), U(-20), U(27.2001)},
                {U(20), U(57.6), U(27.2001)},
                {U(-18.8), U(18.8), U(54.4001)}},
     .sky_top = 0x1C2450FF,
     .sky_middle = 0x7C4A7EFF,
     .sky_bottom = 0xF0A66AFF,
     .ground = 0x1C2450FF,
     .glow_rows = 210,
     .floor = 0xB9C48AFF,
     .front = 0x7A6A58FF,
     .under = 0x2A2030FF,
     .ledge = 0xD0C8A8FF},
    {.id = DREAM_LAND,
     .blast = {U(-255), U(255), U(250), U(-123)},
     .camera = {U(-165), U(165), U(150), U(-70)},
     .num_sections = 4,
     .sections = {{0, 0, 0, U(-40)},
                  {U(40), 0, U(34), U(-34)},
                  {U(66), 0, U(58), U(-18)},
                  {U(77.2713), 0, U(75), U(-5)}},
     .num_ledges = 3,
     .ledges = {{U(-61.3929), U(-31.7254), U(30.1422)},
                {U(31.7036), U(63.0745), U(30.2426)},
                {U(-19.0181), U(19.0171), U(51.4254)}},
     .sky_top = 0x3E8AE0FF,
     .sky_middle = 0x86C4F0FF,
     .sky_bottom = 0xDDF2D0FF,
     .ground = 0x6CBC64FF,
     .floor = 0x7CCB5AFF,
     .front = 0xB98A54FF,
     .under = 0x5E3F28FF,
     .ledge = 0xD9A86AFF},
    {.id = YOSHIS,
     .blast = {U(-175.7), U(173.6), U(168), U(-91)},
     .camera = {U(-128), U(128), U(112), U(-62)},
     .num_sections = 4,
     .sections = {{0, 0, 0, U(-70)},
                  {U(39.2), 0, U(39), U(-70)},
                  {U(54), U(-3.1), U(53), U(-70)},
                  {U(56), U(-3.5), U(54.5), U(-70)}},
     .num_ledges = 3,
     .ledges = {{U(-59.5), U(-28), U(23.4501)},
                {U(28), U(59.5), U(23.4501)},
                {U(-15.75), U(15.75), U(42.0001)}},
     .sky_top = 0xF6D98AFF,
     .sky_middle = 0xFBEBC0FF,
     .sky_bottom = 0xCBE8E0FF,
     .ground = 0xA8CC94FF,
     .floor = 0xE8C27AFF,
     .front = 0xC98F52FF,
     .under = 0x7C5232FF,
     .ledge = 0xA8743EFF},
    {.id = FOUNTAIN,
     .blast = {U(-198.75), U(198.75), U(202.5), U(-146.25)},
     .camera = {U(-132), U(132), U(130), U(-62)},
     .num_sections = 5,
     .sections = {{0, 0, 0, U(-44)},
                  {U(30), 0, U(22), U(-36)},
                  {U(51), 0, U(44), U(-15)},
                  {U(53.5), U(0.62), U(48), U(-12)},
                  {U(63.3475), U(0.62), U(62), U(-4)}},
     .num_ledges = 3,
     .ledges = {{U(-49.5), U(-21), U(20)}, {U(21), U(49.5), U(28)}, {U(-14.25), U(14.25), U(42.7501)}},
     .sky_top = 0x0B1440FF,
     .sky_middle = 0x23418AFF,
     .sky_bottom = 0x8A6FC0FF,
     .ground = 0x0B1440FF,
     .glow_rows = 190,
     .floor = 0xA9D4F0FF,
     .front = 0x5B7FB8FF,
     .under = 0x1D2450FF,
     .ledge = 0xD2C4F4FF},
    {.id = STADIUM,
     .blast = {U(-230), U(230), U(180), U(-111)},
     .camera = {U(-165), U(165), U(118), U(-66)},
     .num_sections = 4,
     .sections = {{0, 0, 0, U(-26)},
                  {U(60), 0, U(56), U(-26)},
                  {U(82), 0, U(72), U(-18)},
                  {U(87.75), 0, U(86), U(-5)}},
     .num_ledges = 2,
     .ledges = {{U(-55), U(-25), U(25.0001)}, {U(25), U(55), U(25.0001)}},
     .sky_top = 0x0A1422FF,
     .sky_middle = 0x1C3048FF,
     .sky_bottom = 0x3C5A6EFF,
     .ground = 0x0A1422FF,
     .glow_rows = 200,
     .floor = 0x86C08AFF,
     .front = 0x6A7480FF,
     .under = 0x2A3038FF,
     .ledge = 0xC8D4DCFF},
};

const struct stage *stage_find(u32 id) {
  for (u32 i = 0; i < COUNT_OF(stages); i++)
    if ((u32)stages[i].id == id) return &stages[i];
  return &stages[0];
}

struct ledge stage_ledge(const struct stage *stage, const struct frame *frame, u32 k) {
  struct ledge ledge = stage->ledges[k];
  if (stage->id == FOUNTAIN && k < 2) ledge.y = frame->moving[k];
  return ledge;
}

/* Height of the floor at x; only asked for x on the island. */
static s32 floor_height(const struct stage *stage, s32 x) {
  const s32 side = absolute(x);
  for (u32 i = 1; i < stage->num_sections; i++) {
    const struct section *a = &stage->sections[i - 1], *b = &stage->sections[i];
    if (side <= b->x) return a->y + (b->y - a->y) * (side - a->x) / (b->x - a->x);
  }
  return stage->sections[stage->num_sections - 1].y;
}

s32 stage_ground_below(const struct stage *stage, const struct frame *frame, s32 x, s32 y) {
  s32 ground = stage->blast.bottom;
  const s32 reach = y + U(1); /* a fighter's feet may be a little below the line he stands on */
  if (absolute(x) <= stage->sections[stage->num_sections - 1].x) {
    const s32 floor = floor_height(stage, x);
    if (floor <= reach) ground = floor;
  }
  for (u32 k = 0; k < stage->num_ledges; k++) {
    const struct ledge ledge = stage_ledge(stage, frame, k);
    if (x >= ledge.left && x <= ledge.right && ledge.y <= reach) ground = higher(ground, ledge.y);
  }
  return ground;
}
