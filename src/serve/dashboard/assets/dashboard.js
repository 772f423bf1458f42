// Where the scripts begin. Every page is complete without them: they keep it up to date, draw its charts, and add keys.
// They never ask another host and never write anything but the reader's theme.

import { startAsOf } from "./as-of.js";
import { drawCharts } from "./charts.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { tellTimes } from "./times.js";
import { startThemes } from "./themes.js";

const tools = document.getElementById("tools");

tellTimes(document);
drawCharts(document);
startAsOf();
const changed = () => drawCharts(document);
if (tools) {
  startLive(tools, changed);
  startThemes(tools, changed);
  startKeys(tools);
}
document.documentElement.dataset.ready = "";
