using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>
/// Room on the local disk for what is written: when there is none, because the disk or <see cref="VfsOptions.WriteBytes"/> is full, files that wait are sent at once and the
/// writer waits for the room that they leave. It is told ENOSPC when none can come: nothing is being sent, the server cannot be reached, or nothing moves for the time-out.
/// </content>
public sealed partial class VirtualFileSystem
{
    /// <summary>Does something that needs room, again whenever some has come.</summary>
    /// <exception cref="IOException">The disk failed, or is full (<see cref="LocalDisk.IsFull"/>) and stays so.</exception>
    private async ValueTask WithRoomAsync(Node? writing, Func<ValueTask> action, CancellationToken cancellationToken)
    {
        while (true)
        {
            var freed = _budget.Freed;
            try
            {
                await action().ConfigureAwait(false);
                return;
            }
            catch (IOException e) when (LocalDisk.IsFull(e))
            {
                if (!await RoomComesAsync(writing, freed, cancellationToken).ConfigureAwait(false))
                    throw;
            }
        }
    }

    /// <summary>A change of a file is noted, and in the journal. The content is in its place already: only the record may lack room.</summary>
    private ValueTask IsNotedAsync(Node node, CancellationToken cancellationToken)
    {
        var sequence = NoteWritten(node);
        return _journal.IsWritten(sequence)
            ? ValueTask.CompletedTask
            : WithRoomAsync(node, () => _journal.WrittenAsync(sequence, cancellationToken), cancellationToken);
    }

    /// <summary>Whether some room was made since <paramref name="freed"/> was asked for.</summary>
    private async ValueTask<bool> RoomComesAsync(Node? writing, Task freed, CancellationToken cancellationToken)
    {
        var sentBefore = -1L;
        var isTimeOver = false;
        while (!freed.IsCompleted)
        {
            var sending = _link.IsDown ? [] : _uploader.SendForRoom(writing);
            var sent = _uploader.BytesMoved;
            if (sending.Count == 0 || (isTimeOver && sent == sentBefore))
                return false;
            sentBefore = sent;
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var timeout = Task.Delay(_options.Timeout, _clock.Time, deadline.Token);
            isTimeOver = await Task.WhenAny([freed, timeout, .. sending]).ConfigureAwait(false) == timeout;
            await deadline.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return true;
    }
}
