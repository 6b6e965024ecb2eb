namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>A case of the POSIX matrix that does not hold on a mount, on purpose.</summary>
/// <param name="Case">The case.</param>
/// <param name="Servers">On which servers, as <see cref="Mounting.WorkPlace"/> names them.</param>
/// <param name="Actual">What happens instead, exactly: an errno, or how the check words it.</param>
/// <param name="Reason">Why, for users; docs/SEMANTICS.md has the same list.</param>
/// <param name="MayHold">
/// What was asked for is shown until the kernel has been told what came of it, which it is by a thread of its own (a notification must never wait for a request, nor a
/// request for it): a program that looks at once may see either.
/// </param>
public sealed record DocumentedException(string Case, IReadOnlyList<string> Servers, string Actual, string Reason, bool MayHold = false);
