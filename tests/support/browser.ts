import { type Browser, chromium } from 'playwright-core';
import { chromiumFile } from './missing-programs.ts';

/** Where a Chromium is installed; null, said in one visible line, when there is none: then tests with a browser do not run. */
export const findChromium = (): string | null => {
  const found = chromiumFile();
  if (found === null)
    console.log('No Chromium: tests in a browser did not run. Set CHROMIUM_PATH or install chromium.');
  return found;
};

/**
 * Playwright switches off the first ones, and Chromium reads only the last list. The others would open two more pages of
 * Chromium with each window, which cost as much as the page of the test.
 */
const unusedFeatures = [
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades', 'LensOverlay'],
  ...['HttpsFirstBalancedModeAutoEnable', 'MediaRouter', 'PaintHolding', 'ThirdPartyStoragePartitioning'],
  ...['AvoidCorsURLLoaderRestartOnRedirect', 'OptimizationHints', 'NetworkTimeServiceQuerying', 'PreconnectToSearch'],
  ...['AimEnabled', 'WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'],
];

/** A browser without a window and without errands of its own on the network. */
export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
      `--disable-features=${unusedFeatures.join()}`,
    ],
  });
