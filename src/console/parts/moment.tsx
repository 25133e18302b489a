import { useIssuerZone } from '../session/own-organizations.ts';
import { inZone, relative, shortDayOf } from './dates.ts';

/**
 * An instant in the zone of the viewer. Its title has the zone of the organization and the exact instant. `isDay`: without
 * the time, where it would only fill a table.
 */
export const Moment = ({
  at,
  withAge = false,
  isDay = false,
}: {
  readonly at: string;
  readonly withAge?: boolean;
  readonly isDay?: boolean;
}) => {
  const zone = useIssuerZone();
  const inZones = [isDay ? inZone(at) : null, zone === null ? null : `${inZone(at, zone)} (${zone})`, at];
  return (
    <time dateTime={at} title={inZones.filter(Boolean).join('\n')}>
      {isDay ? shortDayOf(at) : inZone(at)}
      {withAge && ` (${relative(at)})`}
    </time>
  );
};
