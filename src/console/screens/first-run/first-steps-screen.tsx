import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { useCommand } from '../../session/ledger.ts';
import { useOrganization } from '../../session/own-organizations.ts';
import { usePages } from '../../session/paged-list.ts';
import { useTitle } from '../../shell/use-title.ts';
import { firstRunTexts } from '../../texts/first-run-texts.ts';
import { ApiKeyStep } from './api-key-step.tsx';
import classes from './first-run.module.css';
import { LicenseStep } from './license-step.tsx';
import { ProductStep } from './product-step.tsx';
import { ValidationStep } from './validation-step.tsx';

/** From an empty organization to a license that a program has validated. */
const FirstSteps = () => {
  const names = firstRunTexts.steps;
  useTitle(names.title);
  const organization = useOrganization();
  const products = usePages('listProducts', { query: { archived: false } });
  const issue = useCommand('issueLicense');
  const createKey = useCommand('createApiKey');
  // A later failure must not take away the secrets that are shown once.
  if (!products.isKnown && products.error !== null) return <Failure error={products.error} onRetry={products.retry} />;
  if (organization === null || !products.isKnown) return <Loading />;
  const product = products.entries.at(-1) ?? null;
  return (
    <div className={classes.steps}>
      <h1>{names.title}</h1>
      <p>{names.text}</p>
      <ProductStep product={product} />
      {products.error !== null && <Failure error={products.error} onRetry={products.retry} />}
      <LicenseStep product={product} issue={issue} />
      <ApiKeyStep role={organization.role} create={createKey} />
      <ValidationStep issued={issue.data ?? null} />
    </div>
  );
};

export default FirstSteps;
