import type { AnswerOf } from '@license-ledger/client';
import { Link } from '@tanstack/react-router';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { HolderLink } from '../../parts/holder-name.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Part, PartTable } from '../../parts/part.tsx';
import { useOrganizationId } from '../../session/ledger.ts';
import { codeTexts, refusalTexts } from '../../texts/refusal-texts.ts';
import classes from './refusal.module.css';
import { type ExplainedRule, inputsOf, sortedRules } from './rule-inputs.ts';

type Explanation = AnswerOf<'explainValidation'>;

const texts = refusalTexts.answer;

/** What validate answers, and why. `at`: the instant that was asked for; null: now. */
export const Answer = ({
  explanation,
  at,
  holder,
}: {
  readonly explanation: Explanation;
  readonly at: string | null;
  /** The customer, of a license that the organization issues. */
  readonly holder: string | null;
}) => {
  const organizationId = useOrganizationId();
  const { valid, code, reasons, licenseId } = explanation;
  return (
    <Part title={texts.title}>
      <div role="status" className={classes.verdict}>
        <Badge tone={valid ? 'good' : 'bad'}>{valid ? texts.valid : texts.invalid}</Badge>
        <strong>{codeTexts[code].failed}</strong>
        <code>{code}</code>
      </div>
      {reasons
        .filter((reason) => reason !== code)
        .map((reason) => (
          <p key={reason}>
            {texts.also} {codeTexts[reason].failed} <code>{reason}</code>
          </p>
        ))}
      <p className={classes.soft}>
        {texts.at} <Moment at={explanation.at} />.{' '}
        {licenseId !== null && (
          <Link
            to="/$organizationId/licenses/$licenseId"
            params={{ organizationId, licenseId }}
            search={at === null || Date.parse(at) > Date.now() ? {} : { at }}
          >
            {texts.open}
          </Link>
        )}
        {holder !== null && (
          <>
            {' '}
            {texts.customer} <HolderLink holder={holder} />.
          </>
        )}
      </p>
    </Part>
  );
};

/** Every rule of the validation with the values that it compared. Those that decided come first. */
export const RulesPart = ({ rules }: { readonly rules: readonly ExplainedRule[] }) => {
  const { deciding, others } = sortedRules(rules);
  return (
    <Part title={texts.rules}>
      {deciding.length > 0 && <Rules caption={texts.decidingCaption} rules={deciding} />}
      <details className={classes.others}>
        <summary>{texts.others(others.length)}</summary>
        <Rules caption={texts.rulesCaption} rules={others} />
      </details>
    </Part>
  );
};

const tones: Readonly<Record<ExplainedRule['outcome'], Tone>> = {
  PASSED: 'good',
  FAILED: 'bad',
  NOTED: 'warn',
  NOT_APPLICABLE: 'plain',
};

const Rules = ({ caption, rules }: { readonly caption: string; readonly rules: readonly ExplainedRule[] }) => (
  <PartTable isStacked caption={caption} columns={Object.values(texts.columns)}>
    {rules.map((rule) => (
      <tr key={rule.code}>
        <th scope="row">
          {codeTexts[rule.code].rule}
          <div className={classes.soft}>
            <code>{rule.code}</code>
          </div>
        </th>
        <td data-label={texts.columns.outcome}>
          <Badge tone={tones[rule.outcome]}>{refusalTexts.outcomes[rule.outcome]}</Badge>
        </td>
        <td data-label={texts.columns.inputs}>
          {rule.why !== null && <p>{refusalTexts.inapplicable[rule.why]}</p>}
          <dl className={classes.inputs}>
            {inputsOf(rule).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </td>
      </tr>
    ))}
  </PartTable>
);
