import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Button, buttonClass } from '../../parts/button.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { saleTexts } from '../../texts/sale-texts.ts';
import type { License } from '../../types.ts';

const ConvertDialog = lazy(() => import('./convert-dialog.tsx'));

/** What a seller may do with a license: convert a trial, or replace a license that was revoked. */
export const SaleActions = ({ license }: { readonly license: License }) => {
  const organizationId = useOrganizationId();
  const [isConverting, setConverting] = useState(false);
  const isRevoked = license.status === 'REVOKED';
  return (
    <>
      {!isRevoked && license.policy.type === 'TRIAL' && (
        <Button onClick={() => setConverting(true)}>{saleTexts.convert}</Button>
      )}
      {isRevoked && license.replacedBy === null && (
        <Link
          className={buttonClass()}
          to="/$organizationId/licenses/new"
          params={{ organizationId }}
          search={{ replaces: license.id }}
        >
          {saleTexts.replace}
        </Link>
      )}
      {isConverting && (
        <Suspense fallback={null}>
          <ConvertDialog license={license} onClose={() => setConverting(false)} />
        </Suspense>
      )}
    </>
  );
};
