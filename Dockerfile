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
# The Temporal SDK's native threads would else each keep memory of their own: a tenth of a worker, more as it fills.
ENV NODE_ENV=production HOLDFAST_HOME=/var/lib/holdfast MALLOC_ARENA_MAX=2
USER node
ENTRYPOINT ["node"]
CMD ["dist/worker.js"]
