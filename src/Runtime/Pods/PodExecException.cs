namespace Dpf.Runtime.Pods;

/// <summary>
/// A command in a container did not run: the stream came about, and its status says why there is no exit code, e.g. that the program
/// is not there or that the container does not run. Whoever is not reached at all, or goes away meanwhile, says nothing.
/// </summary>
/// <param name="message">The words of the status.</param>
public sealed class PodExecException(string message) : Exception(message);
