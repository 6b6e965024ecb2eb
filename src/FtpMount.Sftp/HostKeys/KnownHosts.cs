using System.Security.Cryptography;
using FtpMount.Sftp.Keys;

namespace FtpMount.Sftp.HostKeys;

/// <summary>The known_hosts files of a user and of the system: looks up hosts, and adds one.</summary>
/// <param name="userFiles">The user's; the first is added to.</param>
/// <param name="systemFiles">The system's.</param>
/// <param name="hashNames">Whether names are hashed when they are added (HashKnownHosts).</param>
internal sealed class KnownHosts(IReadOnlyList<string> userFiles, IReadOnlyList<string> systemFiles, bool hashNames)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int SaltLength = 20;

    /// <summary>The file that is added to; null for none.</summary>
    public string? FileToAddTo => userFiles.Count > 0 ? userFiles[0] : null;

    /// <summary>Everything that the files say of a host, in the order in which they say it. Files that are not there say nothing.</summary>
    /// <param name="name">The host's name as <see cref="KnownHostName"/> makes it.</param>
    /// <exception cref="IOException">A file is there and cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file is there and cannot be read.</exception>
    public IReadOnlyList<KnownHostKey> Find(string name)
    {
        var found = new List<KnownHostKey>();
        foreach (var file in userFiles.Concat(systemFiles))
        {
            var number = 0;
            foreach (var text in Lines(file))
            {
                number++;
                if (KnownHostsLine.TryParse(text, out var line) && line.IsAbout(name))
                    found.Add(new KnownHostKey(line.Marker, line.Key, file, number));
            }
        }

        return found;
    }

    /// <summary>Appends a host to the user's file; makes the file (open to the user only) and its folder when they are not there.</summary>
    /// <exception cref="IOException">It cannot be written, or there is no such file by configuration.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Add(string name, SshPublicKey key)
    {
        var file = FileToAddTo ?? throw new IOException("UserKnownHostsFile is none");
        var line = KnownHostsLine.Format(name, key, hashNames ? RandomNumberGenerator.GetBytes(SaltLength) : []);
        if (Path.GetDirectoryName(file) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }

        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var stream = new FileStream(file, options);
        var isTorn = false;
        if (stream.Length > 0)
        {
            // An editor may have left the last line without an end.
            stream.Seek(-1, SeekOrigin.End);
            isTorn = stream.ReadByte() != '\n';
        }

        stream.Seek(0, SeekOrigin.End);
        stream.Write(System.Text.Encoding.UTF8.GetBytes((isTorn ? "\n" : "") + line + "\n"));
    }

    private static IEnumerable<string> Lines(string file)
    {
        StreamReader reader;
        try
        {
            reader = new StreamReader(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            yield break;
        }

        using (reader)
        {
            while (reader.ReadLine() is { } line)
                yield return line;
        }
    }
}
