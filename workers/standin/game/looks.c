#include "looks.h"

#define SKIN 0xF2C49CFF

/* By Melee's internal character id. Heights are near the game's; the rest is ours. */
static const struct looks table[] = {
    {14, 26, 15, 0xD83428FF, 0x2C50B4FF, SKIN, 0xD83428FF, CAP},                               /* Mario */
    {15, 22, 15, 0xE8E4DCFF, 0xD8863CFF, 0xE89848FF, 0x4C8C54FF, EARS_POINTED | TAIL | SNOUT}, /* Fox */
    {18, 24, 12, 0x3C4CA8FF, 0x34408CFF, SKIN, 0xE8C040FF, VISOR | CAP}, /* Captain Falcon */
    {19, 34, 15, 0x7C4A28FF, 0x6C4024FF, 0xD8A070FF, 0xC83830FF, SNOUT}, /* Donkey Kong */
    {10, 74, 0, 0xF49CB8FF, 0xD83C5CFF, 0xF49CB8FF, 0xE8486CFF, BALL},   /* Kirby */
    {21, 38, 15, 0x58A048FF, 0xE0B84CFF, 0xE0B84CFF, 0xE87830FF, SHELL | HORNS | TAIL | SNOUT}, /* Bowser */
    {17, 21, 13, 0x3C9048FF, 0xE8DCC0FF, SKIN, 0x3C9048FF, CAP | SWORD},                        /* Link */
    {18, 18, 13, 0x44548CFF, 0xE4E0E8FF, SKIN, 0xE8E4F0FF, LONG_HAIR},                          /* Sheik */
    {12, 26, 20, 0xE8B838FF, 0x3854A8FF, SKIN, 0xD83C34FF, CAP},                                /* Ness */
    {17, 18, 13, 0xF09CC0FF, 0xF4B8D0FF, SKIN, 0xF4D468FF, DRESS | CROWN | LONG_HAIR},          /* Peach */
    {12, 30, 18, 0x5468C8FF, 0x8C5C3CFF, SKIN, 0xE8ECF8FF, HAMMER | CAP},                       /* Popo */
    {12, 30, 18, 0xE87CA4FF, 0x8C5C3CFF, SKIN, 0xF8ECF4FF, HAMMER | CAP},                       /* Nana */
    {11, 38, 26, 0xF8D83CFF, 0xF0C830FF, 0xF8D83CFF, 0xB86C30FF, EARS_POINTED | TAIL},          /* Pikachu */
    {18, 26, 14, 0xE87C30FF, 0xD89838FF, 0xD83C30FF, 0x58D868FF, VISOR},                        /* Samus */
    {16, 30, 18, 0x6CC850FF, 0x7CD85CFF, 0x6CC850FF, 0xE87038FF, SNOUT | TAIL},                 /* Yoshi */
    {10, 76, 0, 0xF8C0D4FF, 0xF4B0C8FF, 0xF8C0D4FF, 0x58B8A8FF, BALL | EARS_POINTED},  /* Jigglypuff */
    {19, 20, 15, 0xD0CCDCFF, 0xC4C0D4FF, 0xD0CCDCFF, 0x7C54A8FF, TAIL | HORNS},        /* Mewtwo */
    {16, 22, 14, 0x3CA848FF, 0x30489CFF, SKIN, 0x3CA848FF, CAP},                       /* Luigi */
    {18, 19, 12, 0x3C54A0FF, 0x2C3868FF, SKIN, 0x3C64C8FF, SWORD | CAPE | CROWN},      /* Marth */
    {18, 18, 12, 0xC884B8FF, 0xE8DCECFF, SKIN, 0x8C5C34FF, DRESS | LONG_HAIR | CROWN}, /* Zelda */
    {12, 24, 17, 0x58B048FF, 0xE8DCC0FF, SKIN, 0x58B048FF, CAP | SWORD},               /* Young Link */
    {14, 26, 15, 0xF4F4F8FF, 0x4C4C58FF, SKIN, 0xA8B8C8FF, VISOR},                     /* Dr. Mario */
    {17, 20, 14, 0xE4E4ECFF, 0x4860B0FF, 0x5878D0FF, 0xD84438FF, TAIL | SNOUT},        /* Falco */
    {9, 38, 30, 0xF8E05CFF, 0xF4D84CFF, 0xF8E05CFF, 0x343038FF, EARS_POINTED | TAIL},  /* Pichu */
    {14, 24, 18, 0x202028FF, 0x202028FF, 0x202028FF, 0x202028FF, FLAT | SNOUT},        /* Mr. Game & Watch */
    {19, 27, 11, 0x4C4450FF, 0x5C4838FF, 0xA8845CFF, 0xC84C34FF, CAPE},                /* Ganondorf */
    {17, 20, 13, 0x4C5488FF, 0xE8E4E0FF, SKIN, 0xD84434FF, SWORD | CAPE | CROWN},      /* Roy */
};

const struct looks *looks_of(u32 character) { return &table[character < COUNT_OF(table) ? character : 0]; }
