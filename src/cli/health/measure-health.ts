import { Gauge, type Registry } from 'prom-client';
import { healthStatus, type PartHealth } from '../../api/monitoring/part-health.ts';

/** Adds the health of the process to the metrics: one gauge per part, its readiness, and the lag that it knows of. */
export const measureHealth = (
  registry: Registry,
  check: () => Promise<readonly PartHealth[]>,
  sample: () => Promise<{ readonly lagMs: number }>,
): void => {
  const registers = [registry];
  new Gauge({
    name: 'ledger_part_ok',
    help: '1 while a part of the process is well, 0 while it is degraded or failing. GET /readyz says why.',
    labelNames: ['part'] as const,
    registers,
    async collect() {
      const parts = await check();
      this.reset();
      for (const { part, state } of parts) this.set({ part }, state === 'ok' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'ledger_ready',
    help: '1 while the process answers validations correctly, 0 while /readyz answers 503.',
    registers,
    async collect() {
      this.set(healthStatus(await check()) === 'failing' ? 0 : 1);
    },
  });
  new Gauge({
    name: 'ledger_read_models_lag_seconds',
    help: 'How long the oldest event that this process knows of has waited for the read models. The true lag can be longer.',
    registers,
    async collect() {
      this.set((await sample()).lagMs / 1_000);
    },
  });
};
