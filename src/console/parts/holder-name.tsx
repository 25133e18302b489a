import { Link } from '@tanstack/react-router';
import { useOrganizationId } from '../session/ledger.ts';
import { useHolderName } from '../session/use-holder-name.ts';

/** The name of the customer that holds a license, or its id where the API does not name it. */
export const HolderName = ({ holder }: { readonly holder: string }) => useHolderName(holder) ?? holder;

/** The name of a customer as a link to its page, for the issuer of the license. */
export const HolderLink = ({
  holder,
  className,
}: {
  readonly holder: string;
  readonly className?: string | undefined;
}) => {
  const organizationId = useOrganizationId();
  return (
    <Link
      className={className}
      to="/$organizationId/customers/$holder"
      params={{ organizationId, holder }}
      title={holder}
    >
      <HolderName holder={holder} />
    </Link>
  );
};
