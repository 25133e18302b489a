import { type Activity, createActivity } from './activity.ts';
import { createFairQueue, type FairQueue } from './fair-queue.ts';
import { createRests, type Rests } from './rests.ts';
import { type CrowdTotals, totals } from './shares.ts';

/** The queues of known tenants or of strangers. `commands` gives one unit to each command until its answer. */
export type Crowd = {
  readonly light: FairQueue;
  readonly work: FairQueue;
  readonly commands: FairQueue;
  /** The most commands of one tenant. */
  readonly commandsMax: number;
};

/** How long a request may wait for its turn. */
export const waitMsMax = 20_000;

/** Returns the queues of a process. Only known tenants are active ones, for which others leave room. */
export const createCrowds = (elapsedMs = () => performance.now()) => {
  const activity = createActivity(elapsedMs);
  const rests = createRests({ activity, nowMs: elapsedMs, utilization: performance.eventLoopUtilization });
  return {
    known: createCrowd(totals.known, activity, rests),
    strangers: createCrowd(totals.strangers, quiet(activity), rests),
  };
};

const createCrowd = ({ light, work, commands }: CrowdTotals, activity: Activity, rests: Rests): Crowd => {
  const options = { waitMsMax, activity };
  return {
    light: createFairQueue(light, options),
    work: createFairQueue(work, { ...options, rests }),
    commands: createFairQueue({ runningMax: commands.runningMax, presentMax: Number.POSITIVE_INFINITY }, options),
    commandsMax: commands.tenantMax,
  };
};

const quiet = ({ hasOthers }: Activity): Activity => ({ note: () => undefined, hasOthers });
