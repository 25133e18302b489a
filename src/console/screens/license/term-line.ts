import { inZone } from '../../parts/dates.ts';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { License } from '../../types.ts';

/** A stretch of a line, from and to in percent of its length. */
export type Bar = { readonly kind: 'term' | 'grace'; readonly from: number; readonly to: number };

/** A point on a line, in percent of its length. */
export type Mark = { readonly kind: 'now' | 'announced' | 'maintenance'; readonly at: number; readonly label: string };

/** The term of a license on a line, and what it says in words. */
export type TermLine = { readonly bars: readonly Bar[]; readonly marks: readonly Mark[]; readonly label: string };

const names = changeTexts.line;

/** The free space before and after everything on the line, as a part of its length. */
const margin = 0.04;

/** Returns the term of a license as a line. Returns null while the term has not started and has no start yet. */
export const termLineOf = (
  { term, maintenanceUntil, scheduled }: Pick<License, 'term' | 'maintenanceUntil' | 'scheduled'>,
  now: string,
): TermLine | null => {
  const { startsAt, expiresAt, graceUntil } = term;
  if (startsAt === null) return null;
  const named = [
    startsAt,
    now,
    expiresAt,
    graceUntil,
    maintenanceUntil,
    ...scheduled.map(({ effectiveAt }) => effectiveAt),
  ];
  const instants = named.filter((at) => at !== null).map((at) => Date.parse(at));
  const [first, last] = [Math.min(...instants), Math.max(...instants)];
  const length = Math.max(last - first, 1);
  const place = (at: string): number => {
    const share = (Date.parse(at) - first) / length;
    return Math.round((margin + share * (1 - 2 * margin)) * 10_000) / 100;
  };
  const bars: readonly Bar[] = [
    { kind: 'term', from: place(startsAt), to: expiresAt === null ? 100 : place(expiresAt) },
    ...(expiresAt === null || graceUntil === null
      ? []
      : [{ kind: 'grace' as const, from: place(expiresAt), to: place(graceUntil) }]),
  ];
  const announced = scheduled.map(({ kind, effectiveAt }) => ({
    kind: 'announced' as const,
    at: place(effectiveAt),
    label: `${texts.term.scheduled[kind]}: ${inZone(effectiveAt)}`,
  }));
  const marks: readonly Mark[] = [
    ...(maintenanceUntil === null || maintenanceUntil === expiresAt
      ? []
      : [
          {
            kind: 'maintenance' as const,
            at: place(maintenanceUntil),
            label: names.maintenanceAt(inZone(maintenanceUntil)),
          },
        ]),
    ...announced,
    { kind: 'now', at: place(now), label: names.kinds.now },
  ];
  const words = [
    names.startsAt(inZone(startsAt)),
    expiresAt === null ? names.noEnd : names.endsAt(inZone(expiresAt)),
    ...(graceUntil === null ? [] : [names.graceAt(inZone(graceUntil))]),
    ...marks.filter(({ kind }) => kind !== 'now').map(({ label }) => label),
  ];
  return { bars, marks, label: `${names.label}: ${words.join(', ')}` };
};
