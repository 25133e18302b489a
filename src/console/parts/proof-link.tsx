import { Link } from '@tanstack/react-router';
import { useOrganizationId } from '../session/ledger.ts';
import { usePermission } from '../session/may.ts';
import { texts } from '../texts/catalogue.ts';

/** The link to the proof of an event, for a user who may read the log of the organization. */
export const ProofLink = ({ eventId }: { readonly eventId: string }) => {
  const organizationId = useOrganizationId();
  if (!usePermission('readLog')) return null;
  return (
    <Link
      to="/$organizationId/proof"
      params={{ organizationId }}
      search={{ event: eventId }}
      aria-label={texts.time.proofOf(eventId)}
    >
      {texts.time.proof}
    </Link>
  );
};
