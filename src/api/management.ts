import type { Server } from 'node:http';
import { type AppNeeds, createApp } from './app.ts';
import { type HealthNeeds, healthRoutes } from './health.ts';

/** The server for operators: /metrics, /livez, /readyz, /version. It is not listening yet; it belongs on a private address. */
export const createManagement = (needs: AppNeeds & HealthNeeds): Server =>
  createApp(needs, healthRoutes(needs), (app, respond) => {
    app.get('/metrics', async (_request, response) => {
      const { registry } = needs.metrics;
      respond.text(response, registry.contentType, await registry.metrics());
    });
  });
