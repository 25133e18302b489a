import Catalog from './catalog/catalog-screen.tsx';
import PolicyEditorScreen from './catalog/policy-editor-screen.tsx';
import PolicyScreen from './catalog/policy-screen.tsx';
import ProductScreen from './catalog/product-screen.tsx';
import FirstSteps from './first-run/first-steps-screen.tsx';
import IssueScreen from './issue/issue-screen.tsx';

/** The screens of the catalog and of issuing. They share most of their code, so a browser loads them as one file. */
export const saleScreens = {
  catalog: Catalog,
  firstSteps: FirstSteps,
  issue: IssueScreen,
  policy: PolicyScreen,
  policyEditor: PolicyEditorScreen,
  product: ProductScreen,
} as const;
