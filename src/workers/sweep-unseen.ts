import { releaseUnseen } from '../application/devices/release-unseen.ts';
import type { Instant } from '../domain/time.ts';
import type { Executor } from '../eventstore/executor/execute.ts';
import type { UnseenPage, UnseenPlace } from '../projections/queries/unseen-page.ts';
import { createPace, type Pace } from './pace.ts';

type Needs = {
  /** Reads a page of active devices under a policy that ends them. */
  readonly unseen: (page: { now: Instant; limit: number; after: UnseenPlace | null }) => Promise<UnseenPage>;
  readonly executor: Executor;
  readonly now: () => Date;
  /** Stops the sweep. */
  readonly signal?: AbortSignal;
  /** Leaves time for the commands of clients. Without it the commands have no pauses. */
  readonly pace?: Pace;
  readonly onError: (error: unknown, licenseId: string) => void;
  /** The number of devices to read at once. Default: 2,000. */
  readonly pageMax?: number;
};

const pageDefault = 2_000;
// With its seat a device has two events, so an append stays small.
const devicesMax = 50;

/**
 * Announces the deactivation of devices without a contact, and carries out what was announced. A command of one license
 * names at most 50 devices. Stale rows and concurrent sweeps are harmless, because the stream decides. A failing
 * license is reported and does not stop the others. Returns how many commands changed a license.
 */
export const sweepUnseen = async (needs: Needs): Promise<number> => {
  const { unseen, executor, now, signal, pace = createPace(1), onError, pageMax = pageDefault } = needs;
  const at = now().toISOString();
  let changed = 0;
  let after: UnseenPlace | null = null;
  do {
    const page: UnseenPage = await unseen({ now: at, limit: pageMax, after });
    for (const license of byLicense(page.due)) {
      if (signal?.aborted) return changed;
      try {
        if (await pace(() => releaseUnseen(executor, license, at), signal)) changed += 1;
      } catch (error) {
        onError(error, license.licenseId);
      }
    }
    after = page.next;
  } while (after !== null && signal?.aborted !== true);
  return changed;
};

type OfLicense = { readonly licenseId: string; readonly devices: UnseenPage['due'][number][] };

/** Returns the devices of each license, which come one after the other, in parts of `devicesMax`. */
const byLicense = (due: UnseenPage['due']): readonly OfLicense[] => {
  const parts: OfLicense[] = [];
  for (const device of due) {
    const last = parts.at(-1);
    if (last?.licenseId === device.licenseId && last.devices.length < devicesMax) last.devices.push(device);
    else parts.push({ licenseId: device.licenseId, devices: [device] });
  }
  return parts;
};
