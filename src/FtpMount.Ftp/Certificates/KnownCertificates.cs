using System.Globalization;
using FtpMount.Remote;

namespace FtpMount.Ftp.Certificates;

/// <summary>
/// The certificates that were trusted on first use: a text file with one line per server, <c>host:port SHA256:fingerprint date</c>. It is readable by its owner only
/// and replaced as a whole, so that it is never half written; a lock file beside it keeps processes apart. What is in doubt (damaged, writable by
/// others) is refused and never taken for a first use.
/// </summary>
internal sealed class KnownCertificates(string file)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>How long another process may hold the lock: it reads and writes a small file.</summary>
    private static readonly TimeSpan LockDeadline = TimeSpan.FromSeconds(5);

    /// <summary>What is remembered of a server; when nothing is, this certificate is from now on.</summary>
    /// <param name="server"><c>host:port</c>.</param>
    /// <param name="seen">The certificate that it shows now.</param>
    /// <param name="now">For the line that is written.</param>
    /// <param name="line">The line that holds it, beginning at 1.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Untrusted"/>: the file cannot be used.</exception>
    public CertificateFingerprint FindOrAdd(string server, CertificateFingerprint seen, DateTimeOffset now, out int line)
    {
        try
        {
            if (Path.GetDirectoryName(file) is { Length: > 0 } folder && !Directory.Exists(folder))
                CreateFolder(folder);
            using var held = Lock();
            var lines = File.Exists(file) ? Read() : [];
            for (line = 1; line <= lines.Length; line++)
            {
                var words = lines[line - 1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 0 || words[0] != server)
                    continue;
                return words.Length > 1 && CertificateFingerprint.TryParse(words[1], out var known)
                    ? known
                    : throw Refused($"line {line} of {file}, which is about this server, is damaged; repair or remove it");
            }

            Write([.. lines, string.Create(CultureInfo.InvariantCulture, $"{server} {seen} {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}")]);
            return seen;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused($"{file}, where known certificates are kept, cannot be used ({e.Message})", e);
        }
    }

    private static RemoteException Refused(string why, Exception? cause = null) =>
        new(RemoteError.Untrusted, $"The server's certificate cannot be compared with the one that was trusted before: {why}.", cause);

    private string[] Read()
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
            throw Refused($"others can change {file}; check its content, then: chmod 600 {file}");
        return File.ReadAllLines(file);
    }

    private void Write(IEnumerable<string> lines)
    {
        var next = file + ".new";
        File.Delete(next);
        using (var stream = new FileStream(next, Creating(FileMode.CreateNew)))
        {
            using (var writer = new StreamWriter(stream, leaveOpen: true))
            {
                foreach (var line in lines)
                    writer.WriteLine(line);
            }

            stream.Flush(flushToDisk: true);
        }

        File.Move(next, file, overwrite: true);
    }

    private FileStream Lock()
    {
        var path = file + ".lock";
        for (var waited = TimeSpan.Zero; ;)
        {
            try
            {
                return new FileStream(path, Creating(FileMode.OpenOrCreate));
            }
            catch (IOException) when (File.Exists(path) && waited < LockDeadline)
            {
                var pause = TimeSpan.FromMilliseconds(10);
                Thread.Sleep(pause);
                waited += pause;
            }
        }
    }

    private static FileStreamOptions Creating(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        return options;
    }

    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
    }
}
