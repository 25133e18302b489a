import { Counter, Histogram, Registry } from 'prom-client';

/** Counts requests. /metrics shows `registry`. Other parts may add to it. */
export type Metrics = {
  readonly registry: Registry;
  /** `route` is the id of an operation or a fixed word. It is never a path, because clients invent paths. */
  readonly answered: (route: string, status: number, milliseconds: number) => void;
  /** Counts a request that exceeded the limit of this name. */
  readonly limited: (limit: string) => void;
  /** Counts an answer with the status 503, by its cause. */
  readonly unavailable: (cause: string) => void;
  /** Counts a refresh token that was used twice. */
  readonly reused: () => void;
  /** Counts an observation of this kind that was dropped because the memory for it was full. */
  readonly dropped: (kind: string) => void;
};

/** Returns a counter and a histogram of requests by route and status. */
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
  const unavailable = new Counter({
    name: 'ledger_unavailable_total',
    help: 'Answers with the status 503, by their cause. GET /problems explains the causes.',
    labelNames: ['cause'] as const,
    registers,
  });
  const reused = new Counter({
    name: 'ledger_refresh_tokens_reused_total',
    help: 'Refresh tokens that were used twice. Each has ended its session.',
    registers,
  });
  const dropped = new Counter({
    name: 'ledger_observations_dropped_total',
    help: 'Validations, contacts of devices and denials that were not noted because the memory for them was full, by kind.',
    labelNames: ['kind'] as const,
    registers,
  });
  // A lookup of a labelled series costs more than counting. There are few series, so they are cached.
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
    unavailable: (cause) => unavailable.inc({ cause }),
    reused: () => reused.inc(),
    dropped: (kind) => dropped.inc({ kind }),
  };
};
