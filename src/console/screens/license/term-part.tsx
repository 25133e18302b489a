import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';

/** When a license is valid, with its graces and the changes that are announced. */
export const TermPart = ({ license: { term, maintenanceUntil, scheduled } }: { readonly license: License }) => {
  const names = texts.term;
  const instant = (at: string | null, otherwise: string | null) =>
    at === null ? otherwise : <Moment at={at} withAge />;
  return (
    <Part title={names.title}>
      <Facts
        facts={[
          [names.number, String(term.number)],
          [names.starts, instant(term.startsAt, names.open)],
          [names.ends, instant(term.expiresAt, term.awaits === null ? names.perpetual : names.open)],
          [names.graceUntil, instant(term.graceUntil, null)],
          [names.maintenance, instant(maintenanceUntil, null)],
          [names.renewal, names.renewals[term.renewal]],
          [
            names.announced,
            scheduled.length === 0 ? null : (
              <ul key="announced">
                {scheduled.map(({ eventId, kind, effectiveAt }) => (
                  <li key={eventId}>
                    {names.scheduled[kind]}: <Moment at={effectiveAt} withAge />
                  </li>
                ))}
              </ul>
            ),
          ],
        ]}
      />
    </Part>
  );
};
