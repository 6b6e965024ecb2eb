using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.WriteBack;

/// <content>What somebody asks for files that wait: to be tried now, to be completed for a copy, to be given up.</content>
internal sealed partial class Uploader
{
    /// <summary>The files that wait, by their numbers in the journal.</summary>
    public Dictionary<long, Node> PendingById()
    {
        lock (_table.Gate)
        {
            var nodes = new Dictionary<long, Node>(_changed.Count);
            foreach (var node in _changed.Values)
            {
                if (node.File is { JournalId: > 0 } file)
                    nodes[file.JournalId] = node;
            }

            return nodes;
        }
    }

    /// <summary>A file is tried as soon as there is room, whatever came of it before. Called under the gate.</summary>
    public void Retry(Node node)
    {
        if (node.File is { IsDirty: true, Upload: null })
            Schedule(node, TimeSpan.Zero);
    }

    /// <summary>Bytes sent since the start, those of uploads that are under way among them: it changes as long as anything moves.</summary>
    public long BytesMoved
    {
        get
        {
            lock (_table.Gate)
                return BytesUploaded + _changed.Values.Sum(n => n.File is { Upload: not null } file ? file.BytesSent : 0);
        }
    }

    /// <summary>Somebody waits for room on the local disk: what is closed and can be sent is sent now.</summary>
    /// <param name="writing">The file for which room is wanted, which is not sent for it.</param>
    /// <returns>The uploads under way; none when no room can come.</returns>
    public IReadOnlyList<Task> SendForRoom(Node? writing)
    {
        lock (_table.Gate)
        {
            foreach (var node in _changed.Values.ToArray())
            {
                if (node != writing && node.File is { IsDirty: true, Upload: null } file && !file.IsOpenForWriting
                    && (file.Failures == 0 || RemoteErrorMapping.IsTransient(file.LastError)))
                {
                    Schedule(node, TimeSpan.Zero);
                }
            }

            // Those that are over but for giving their room back among them; what is sent while it is being written gives none.
            return [.. _running.Except(_streams.Select(s => s.Running))];
        }
    }

    /// <summary>Makes the staging file whole, for who wants a copy of it.</summary>
    /// <exception cref="Remote.RemoteException">Not all bytes are to be had: the server cannot be reached, or has another version now.</exception>
    /// <exception cref="IOException">The local disk failed or is full.</exception>
    public Task CompleteAsync(Node node, CancellationToken cancellationToken) =>
        node.File is { Staging: { } staging } file ? CompleteAsync(node, file, staging, cancellationToken) : Task.CompletedTask;

    /// <summary>
    /// What was written here is not wanted any more: whoever has the file open goes on with what the server has, and the server is asked what that is. Called under the gate;
    /// no upload of it is under way.
    /// </summary>
    public void GiveUp(Node node)
    {
        DropContent(node, node.File!);
        node.ValidUntil = 0;
        _table.Observer?.InvalidateNode(node.Id, 0, 0);
    }
}
