import { useIssuerZone } from '../session/own-organizations.ts';
import { inZone, relative } from './dates.ts';

/** An instant in the zone of the viewer. Its title has the zone of the organization and the exact instant. */
export const Moment = ({ at, withAge = false }: { readonly at: string; readonly withAge?: boolean }) => {
  const zone = useIssuerZone();
  const title = [zone === null ? null : `${inZone(at, zone)} (${zone})`, at].filter(Boolean).join('\n');
  return (
    <time dateTime={at} title={title}>
      {inZone(at)}
      {withAge && ` (${relative(at)})`}
    </time>
  );
};
