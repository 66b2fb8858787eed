/* Playing what Slippi's device hands over, instead of a packed replay. */
#ifndef SLIPPI_PLAY_H
#define SLIPPI_PLAY_H
/* Wait for a replay, show it, hold its last picture. Does not return. */
void slippi_play(void);
#endif
