# For login shells in the worker image: what ENV says in its Dockerfile.
PATH=/opt/farm/bin:/usr/local/bin:/usr/bin:/bin:/usr/games
export PATH
