import { useState } from 'react';
import { Loading } from '../../parts/loading.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useIssuerZone } from '../../session/own-organizations.ts';
import { useHolderName } from '../../session/use-holder-name.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { Policy } from '../../types.ts';
import classes from './issue.module.css';
import type { IssueBody } from './issue-form.ts';
import { previewOf } from './issue-preview.ts';

/** What the license will have when the form is sent as it is now. */
export const PreviewPart = ({
  policy,
  isLoading,
  body,
}: {
  readonly policy: Policy | undefined;
  readonly isLoading: boolean;
  readonly body: IssueBody;
}) => {
  const [at] = useState(() => new Date().toISOString());
  const timeZone = useIssuerZone() ?? 'UTC';
  const names = issueTexts.preview;
  const holderName = useHolderName(body.holderOrganizationId ?? '');
  return (
    <Part title={names.title}>
      {policy === undefined && body.policyId === '' && <p className={classes.soft}>{names.none}</p>}
      {policy === undefined && isLoading && <Loading />}
      {policy !== undefined && (
        <PartTable caption={names.caption} columns={Object.values(names.columns)}>
          {previewOf(policy, body, { at, timeZone }, holderName).map(({ name, value, isChanged }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className={isChanged ? classes.changed : undefined}>{value}</td>
              <td className={classes.source}>{isChanged ? names.changed : names.policy}</td>
            </tr>
          ))}
        </PartTable>
      )}
    </Part>
  );
};
