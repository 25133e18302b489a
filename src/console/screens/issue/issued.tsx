import type { AnswerOf } from '@license-ledger/client';
import { Link } from '@tanstack/react-router';
import { Button } from '../../parts/button.tsx';
import { Part } from '../../parts/part.tsx';
import { Secret } from '../../parts/secret.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import classes from './issue.module.css';

/** The license that was issued, with its key, which is gone when this part is. */
export const Issued = ({
  answer: { license, licenseKey },
  onAgain,
}: {
  readonly answer: AnswerOf<'issueLicense'>;
  readonly onAgain: (() => void) | null;
}) => {
  const organizationId = useOrganizationId();
  const names = issueTexts.issued;
  return (
    <Part title={names.title}>
      <Secret title={names.key} secret={licenseKey}>
        <p>{names.once}</p>
      </Secret>
      <div className={classes.buttons}>
        <Link to="/$organizationId/licenses/$licenseId" params={{ organizationId, licenseId: license.id }}>
          {names.show}
        </Link>
        {onAgain !== null && <Button onClick={onAgain}>{issueTexts.again}</Button>}
      </div>
    </Part>
  );
};
