/** How do other folders start a simulator? Through this file, so that they load it only when they need it. */
export { startSimulator } from '../simulator';
