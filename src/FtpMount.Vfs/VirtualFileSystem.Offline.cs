using FtpMount.Vfs.Incidents;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>What is done while the server cannot be reached (<see cref="VfsOptions.Offline"/>).</content>
public sealed partial class VirtualFileSystem
{
    /// <summary>Names of which it is not known whether a change was done before the link was lost: they are doubted when the server can be asked again. Under the table's gate.</summary>
    private readonly HashSet<(Node Directory, string Name)> _doubts = [];

    /// <summary>Whether the server cannot be reached: what is shown is what it said last.</summary>
    public bool IsOffline => _link.IsDown;

    /// <summary>Since when; null while it can be reached.</summary>
    public DateTimeOffset? OfflineSince => _link.DownSince;

    /// <summary>Whether changes are refused just now.</summary>
    private bool IsReadOnly => _options.ReadOnly || (_options.Offline == VfsOfflineMode.ReadOnly && _link.IsDown);

    /// <summary>Whether an answer is missing because the server cannot be reached, and what it said last is to be believed instead. Called under the gate.</summary>
    private bool IsDownBy(VfsError error) => error is VfsError.Offline or VfsError.TimedOut && _table.BelievesOld;

    private void LinkChanged(bool isDown, string message)
    {
        lock (_table.Gate)
        {
            _table.BelievesOld = isDown && _options.Offline != VfsOfflineMode.Fail;
            if (!isDown)
            {
                foreach (var (directory, name) in _doubts.Where(d => !d.Directory.Deleted))
                    _table.Doubt(directory, name);
                _doubts.Clear();
            }

            _uploader.Pause(isDown);
        }

        if (!isDown)
            KeepPins();
        _incidents.Note(isDown ? VfsIncidentKind.Offline : VfsIncidentKind.Online, _link.Root, message);
    }
}
