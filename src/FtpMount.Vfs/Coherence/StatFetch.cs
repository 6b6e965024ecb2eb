using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.Coherence;

/// <summary>A question for one name that is under way.</summary>
/// <param name="sequence">The <see cref="DirectoryState.ChangeSequence"/> at which it set out.</param>
/// <param name="hasPath">Whether it holds the path of the directory still from the start on, so that it waits for nobody but the server.</param>
internal sealed class StatFetch(long sequence, bool hasPath)
{
    public long Sequence { get; } = sequence;

    public bool HasPath { get; } = hasPath;

    public Task<StatOutcome> Outcome { get; set; } = null!;
}
