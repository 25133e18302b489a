import type { Server } from 'node:http';
import { openFront } from '../front.ts';
import { type AppNeeds, createApp } from '../http/app.ts';
import { type HealthNeeds, healthRoutes } from './health.ts';

/**
 * Returns the server for operators: /metrics, /livez, /readyz, /version. It is not listening yet. Use a private
 * address.
 */
export const createManagement = (needs: Omit<AppNeeds, 'front'> & HealthNeeds): Server =>
  createApp({ ...needs, front: openFront }, healthRoutes(needs), (serve, respond) => {
    serve('/metrics', async (response) => {
      const { registry } = needs.metrics;
      respond.text(response, registry.contentType, await registry.metrics());
    });
  });
