import type { Finding } from './findings.ts';

/** How far the log was checked. */
export type VerifyProgress = { readonly events: number; readonly position: bigint; readonly head: bigint };

/**
 * The result of a verification. `intact`: nothing is damaged; repaired chains are no damage. `readModels`: whether rows
 * were compared; read models of another release have other tables. `events` and `streams`: how many were checked.
 * `rows`: how many were compared. `trees`: of how many issuers the tiles, checkpoints and outside copies were compared. `notProjected`: the number of events beyond the checkpoint. `parked`: the number of
 * streams that were folded up to the event that does not fit. `damaged` and `repaired`: the number of findings of each
 * kind. `findings`: the first findings.
 */
export type Verdict = {
  readonly intact: boolean;
  readonly readModels: 'COMPARED' | 'OTHER_RELEASE';
  readonly events: number;
  readonly streams: number;
  readonly rows: number;
  readonly trees: number;
  readonly notProjected: number;
  readonly parked: number;
  readonly damaged: number;
  readonly repaired: number;
  readonly findings: readonly Finding[];
};
