using FtpMount.Fuse.Mounting;
using FtpMount.Service.Control;
using FtpMount.Service.MountPoints;

namespace FtpMount.Service;

/// <summary>
/// Finds ftpmount's mounts: those that the kernel lists, and those whose processes answer, for example because they still send what is unsent after
/// the mount is gone. Root sees everyone's.
/// </summary>
public static class MountList
{
    /// <summary>All mounts, ordered by mount point. Takes some seconds when a process does not answer.</summary>
    public static async Task<IReadOnlyList<MountStatus>> ReadAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var entries = MountTable.Read().Entries.Where(e => e.IsFtpMount).ToList();
        var user = RuntimeDirectory.CurrentUser;
        IEnumerable<uint> owners = user == 0 ? entries.Select(e => e.Owner ?? 0).Append(0u).Distinct() : [user];
        var answers = await Task.WhenAll(owners.Select(owner => AskAllAsync(owner, time, cancellationToken)));
        var found = new SortedDictionary<string, MountStatus>(StringComparer.Ordinal);
        foreach (var status in answers.SelectMany(a => a))
            found[status.MountPoint] = status;
        foreach (var entry in entries.Where(e => !found.ContainsKey(e.MountPoint)))
            found[entry.MountPoint] = await DescribeSilentAsync(entry, user, time, cancellationToken);
        return [.. found.Values];
    }

    private static async Task<IEnumerable<MountStatus>> AskAllAsync(uint owner, TimeProvider time, CancellationToken cancellationToken)
    {
        var clients = await ControlClient.ConnectToAllAsync(owner, time, cancellationToken);
        var answers = await Task.WhenAll(clients.Select(AskAsync));
        return answers.OfType<MountStatus>();

        async Task<MountStatus?> AskAsync(ControlClient client)
        {
            await using (client)
                return await client.GetStatusAsync(cancellationToken);
        }
    }

    private static async Task<MountStatus> DescribeSilentAsync(MountTableEntry entry, uint user, TimeProvider time, CancellationToken cancellationToken)
    {
        var state = MountState.OtherUser;
        if (user == 0 || entry.Owner == user)
        {
            state = await MountPointProbe.AskAsync(entry.MountPoint, ControlClient.AnswerDeadline, time, cancellationToken) == MountPointState.Stale
                ? MountState.Stale
                : MountState.NotAnswering;
        }

        return new MountStatus { MountPoint = entry.MountPoint, Url = entry.Source, State = state, UserId = entry.Owner, ReadOnly = entry.IsReadOnly };
    }
}
