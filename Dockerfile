# One image for worker, simulator and CLI. Run: docker run --rm holdfast:local dist/cli/main.js --help
ARG NODE_IMAGE=node:24.20.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM ${NODE_IMAGE}
# The Temporal client verifies TLS against the system's certificates.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY examples ./examples
RUN install --directory --owner=node --group=node /var/lib/holdfast
# Native memory that is free goes back to the system instead of staying with each thread of the Temporal SDK; measured
# in docs/decisions/0006-workflow-memory.md.
ENV NODE_ENV=production HOLDFAST_HOME=/var/lib/holdfast \
  MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536
USER node
ENTRYPOINT ["node"]
CMD ["dist/worker.js"]
