import type { Checkpoint } from '../proof/notes/checkpoints.ts';
import { limits, type Opened, type Report, signaturesProved } from '../proof/reports.ts';
import type { CheckedHistories } from './check-histories.ts';
import type { Manifest } from './pack-manifest.ts';

/**
 * A pack that was checked. `isComplete`: it has all leaves of the log, so no event of its licenses is missing. `lastAt`:
 * when the last event of the log was recorded, or null for a pack without leaves.
 */
export type CheckedPack = {
  readonly manifest: Manifest;
  readonly checkpoint: Opened;
  readonly older: readonly Checkpoint[];
  readonly licenses: readonly string[];
  readonly checked: CheckedHistories;
  readonly isComplete: boolean;
  readonly lastAt: string | null;
};

/** Returns what a checked pack proves and what it cannot prove. */
export const reportOnPack = (pack: CheckedPack): Report => {
  const { manifest, checkpoint, older, licenses, checked, isComplete, lastAt } = pack;
  const { size } = checkpoint;
  const { from, to } = manifest.query;
  const ofAccepted =
    checked.accepted === 0 ? '' : ` An operator has accepted ${checked.accepted} wrong links with a recorded event.`;
  return {
    proved: [
      ...signaturesProved(checkpoint),
      `The pack has ${counted(checked.events, 'event')} of ${counted(checked.licenses, 'license')}: ${listOf(licenses)}.`,
      `The log has each of these events, with this type, data and metadata.`,
      `The events of each license are linked by their hashes, from its first one on.${ofAccepted}`,
      ...(isComplete
        ? [
            `The histories are complete: among its first ${size} events, the log has no other one of these licenses.`,
            `The last of these ${size} events was recorded at ${lastAt}, as its leaf says.`,
          ]
        : []),
      ...older.map((head) => `The log has not changed the first ${head.size} events since your older checkpoint.`),
      ...(isComplete
        ? [`The states at ${from} and at ${to} follow from the events. The verifier has computed them again.`]
        : []),
    ],
    notProved: [
      ...(isComplete
        ? []
        : [
            'That the histories are complete: the pack has a proof of each event, and not the leaves of the whole log.',
            `The states at ${from} and at ${to}: they follow from these events, and later ones may be left out.`,
          ]),
      ...(lastAt !== null && to > lastAt ? [`That nothing changed between ${lastAt} and ${to}.`] : []),
      'That the pack has all licenses that its query selects, and who requested it and when: nobody signs manifest.json.',
      'The times, and that what the events say is true: both are what the ledger claims.',
      'Names and other personal values: the pack has references in their place.',
      ...limits(checkpoint),
    ],
  };
};

const listOf = (licenses: readonly string[]): string =>
  licenses.length <= listedMax
    ? licenses.join(', ')
    : `${licenses.slice(0, listedMax).join(', ')} and ${licenses.length - listedMax} others`;

const listedMax = 10;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
