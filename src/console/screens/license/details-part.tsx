import { Link } from '@tanstack/react-router';
import { Copyable } from '../../parts/copy.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Facts, Part } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';
import { saleTexts } from '../../texts/sale-texts.ts';
import type { LicenseWithUse } from '../../types.ts';

/** What a license is for, and for whom. */
export const DetailsPart = ({
  license,
  isNow,
}: {
  readonly license: LicenseWithUse;
  /** False for an earlier instant, which has no last validation. */
  readonly isNow: boolean;
}) => {
  const { id, externalRef, products, policy, holderOrganizationId, keyHint, keyVersion, lastValidatedAt } = license;
  const { replaces, replacedBy, issuerOrganizationId } = license;
  const isOwn = issuerOrganizationId === useOrganizationId();
  const names = texts.license;
  const metadata = Object.entries(license.metadata);
  return (
    <Part title={names.details}>
      <Facts
        facts={[
          [names.id, <Copyable key="id" text={id} />],
          [names.reference, externalRef],
          [names.products, products.join(', ')],
          [saleTexts.replaces, replaces === null ? null : <Other key="replaces" licenseId={replaces} />],
          [saleTexts.replacedBy, replacedBy === null ? null : <Other key="replacedBy" licenseId={replacedBy} />],
          [names.policy, <PolicyLink key="policy" policy={policy} isOwn={isOwn} />],
          [names.holder, holderOrganizationId ?? names.noHolder],
          [names.key, keyHint === null ? names.noKey : names.keyText(keyHint, keyVersion)],
          [names.validated, isNow ? <Validated key="validated" at={lastValidatedAt} /> : null],
          [
            names.metadata,
            metadata.length === 0 ? null : <code key="metadata">{JSON.stringify(license.metadata)}</code>,
          ],
        ]}
      />
    </Part>
  );
};

const Validated = ({ at }: { readonly at: string | null }) =>
  at === null ? texts.license.never : <Moment at={at} withAge />;

const Other = ({ licenseId }: { readonly licenseId: string }) => {
  const organizationId = useOrganizationId();
  return (
    <Link to="/$organizationId/licenses/$licenseId" params={{ organizationId, licenseId }}>
      {licenseId}
    </Link>
  );
};

/** The version of the policy. It leads to the catalog when that is the one of the organization. */
const PolicyLink = ({
  policy: { id, version },
  isOwn,
}: Pick<LicenseWithUse, 'policy'> & { readonly isOwn: boolean }) => {
  const organizationId = useOrganizationId();
  const text = texts.license.policyVersion(id, version);
  if (!isOwn) return text;
  return (
    <Link
      to="/$organizationId/catalog/policies/$policyId"
      params={{ organizationId, policyId: id }}
      search={{ version }}
    >
      {text}
    </Link>
  );
};
