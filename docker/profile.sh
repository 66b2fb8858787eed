# Sets the PATH of login shells in the worker image to the one that its Dockerfile sets by ENV.
PATH=/opt/farm/bin:/usr/local/bin:/usr/bin:/bin:/usr/games
export PATH
