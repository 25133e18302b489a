import { Counter, Histogram, Registry } from 'prom-client';

/** What is counted about requests. `registry` is what /metrics shows; other parts may add to it. */
export type Metrics = {
  readonly registry: Registry;
  /** `route` is the operation's id or a fixed word, never a path: paths are made up by clients. */
  readonly answered: (route: string, status: number, milliseconds: number) => void;
  /** A request was beyond the limit of this name. */
  readonly limited: (limit: string) => void;
  /** A refresh token was used twice. */
  readonly reused: () => void;
};

/** Request counter and duration histogram by route and status. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['route', 'status'] as const;
  const requests = new Counter({
    name: 'ledger_http_requests_total',
    help: 'Answered requests.',
    labelNames,
    registers,
  });
  const duration = new Histogram({
    name: 'ledger_http_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames,
    registers,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  });
  const limited = new Counter({
    name: 'ledger_rate_limited_total',
    help: 'Requests beyond a rate limit, by its name.',
    labelNames: ['limit'] as const,
    registers,
  });
  const reused = new Counter({
    name: 'ledger_refresh_tokens_reused_total',
    help: 'Refresh tokens that were used twice; each has ended its session.',
    registers,
  });
  // Looking a labelled series up costs more than counting in it, and there are few of them.
  const series = new Map<string, { count: Counter.Internal; time: Histogram.Internal<'route' | 'status'> }>();
  const seriesOf = (route: string, status: number) => {
    const name = `${status} ${route}`;
    let known = series.get(name);
    if (known === undefined) {
      const labels = { route, status: String(status) };
      known = { count: requests.labels(labels), time: duration.labels(labels) };
      series.set(name, known);
    }
    return known;
  };
  return {
    registry,
    answered: (route, status, milliseconds) => {
      const { count, time } = seriesOf(route, status);
      count.inc();
      time.observe(milliseconds / 1000);
    },
    limited: (limit) => limited.inc({ limit }),
    reused: () => reused.inc(),
  };
};
