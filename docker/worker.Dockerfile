# One image for head and workers: ffmpeg, Ray, our wheel, and what an emulator needs of the system. It holds no game, no
# Slippi and no replay: those are mounted or fetched at run time.
#
#   docker build -f docker/worker.Dockerfile -t dolphin-farm .                      Melee in Slippi's Dolphin, and the stand-in
#   docker build -f docker/worker.Dockerfile --target standin -t dolphin-farm .     the stand-in alone, 240 MB less
ARG BASE=debian:bookworm-20250520-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY docker/build-tools.lock docker/worker.lock /src/docker/
RUN python3 -m venv /opt/farm \
    && /opt/farm/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r /src/docker/build-tools.lock \
    && /opt/farm/bin/pip install --no-cache-dir --no-deps --no-build-isolation --require-hashes -r /src/docker/worker.lock
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY farm farm
COPY workers workers
COPY manifests manifests
COPY dolphin_configs dolphin_configs
RUN /opt/farm/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
# The list of what is installed, as CycloneDX: /opt/farm/sbom.cdx.json. The program that makes it stays out of the image.
COPY docker/supply.lock /src/docker/
RUN python3 -m venv /opt/supply \
    && /opt/supply/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r /src/docker/supply.lock \
    && /opt/supply/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o /opt/farm/sbom.cdx.json \
        /opt/farm/bin/python

FROM ${BASE} AS standin
# --no-install-recommends: dolphin-emu recommends a desktop. setpriv (parent-death signals) is in util-linux, which is
# always there. Ray copies files into running containers with rsync. In a container whose first process does not reap
# ended processes, Ray's zombies would pile up, hence tini.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates dolphin-emu ffmpeg mesa-vulkan-drivers \
        python3 rsync tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home --shell /bin/bash farm
COPY --from=build /opt/farm /opt/farm
COPY docker/entrypoint /usr/local/bin/farm-entrypoint
# `ray submit` runs `bash --login -i`, whose profile overwrites the PATH that ENV sets.
COPY docker/profile.sh /etc/profile.d/dolphin-farm.sh
ENV PATH=/opt/farm/bin:/usr/local/bin:/usr/bin:/bin:/usr/games \
    PYTHONUNBUFFERED=1 \
    RAY_AUTH_MODE=token \
    RAY_USAGE_STATS_ENABLED=0
USER farm
WORKDIR /home/farm
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["farm", "slots"]
# Not `tini -g`: when `ray start` is told to stop, it lets the node drain first; the raylet must not get the signal itself.
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/farm-entrypoint"]
CMD ["farm", "--help"]

# What the playback Dolphin, a desktop program, needs in addition: a display (Xvfb), Mesa's OpenGL, GTK, fonts, libraries.
FROM standin AS slippi
USER root
COPY docker/system-packages /usr/local/bin/farm-system-packages
RUN farm-system-packages slippi \
    && rm -rf /var/lib/apt/lists/*
USER farm
