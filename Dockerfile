# The License Ledger server. One image runs every role and every command:
#
#   docker build --tag license-ledger .
#   docker run --rm license-ledger --help
#
# docs/guides/containers.md describes the variables, and docker-compose.yml is a whole installation.

FROM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/package.json
RUN npm ci --ignore-scripts
COPY . .
# The folder `package` is what an installation has: no compiler, no development packages, no embedded servers.
RUN npm run build && mkdir packed && npm pack --pack-destination packed && tar -xzf packed/*.tgz

FROM node:24-trixie-slim
LABEL org.opencontainers.image.title="License Ledger" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    MANAGEMENT_HOST=0.0.0.0 \
    MANAGEMENT_PORT=8081 \
    LEDGER_ENV_FILE=none \
    LEDGER_DATA_DIR=/var/lib/ledger
# Volumes that are mounted here get this owner.
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/ledger /var/lib/ledger/keys /run/ledger
WORKDIR /opt/license-ledger
COPY --from=build /build/package ./
COPY deploy/make-secrets.js deploy/make-secrets.js
USER node
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/license-ledger/bin/ledger.js"]
CMD ["start"]
