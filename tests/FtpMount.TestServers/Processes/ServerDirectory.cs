using System.Text;

namespace FtpMount.TestServers.Processes;

/// <summary>
/// The folder of one running server, in the temporary directory: <c>root</c> (what its user sees), <c>log</c>, <c>etc</c>
/// (configuration, keys). Removed on disposal unless <c>FTPMOUNT_TEST_KEEP_LOGS=1</c>, which keeps the logs.
/// </summary>
internal sealed class ServerDirectory : IDisposable
{
    private const UnixFileMode Traversable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private ServerDirectory(string path) => Path = path;

    /// <summary>The folder itself.</summary>
    public string Path { get; }

    /// <summary>What the FTP user sees as its login folder.</summary>
    public string Root => System.IO.Path.Combine(Path, "root");

    /// <summary>Where the server logs.</summary>
    public string Log => System.IO.Path.Combine(Path, "log");

    /// <summary>Configuration and keys.</summary>
    public string Etc => System.IO.Path.Combine(Path, "etc");

    /// <summary>The server's standard output and error.</summary>
    public string OutputLog => System.IO.Path.Combine(Log, "output.log");

    /// <summary>Makes a fresh folder whose <see cref="Root"/> belongs to the account that the servers log in.</summary>
    /// <param name="name">Part of the folder's name, to recognise it by.</param>
    public static ServerDirectory Create(string name)
    {
        var directory = new ServerDirectory(Directory.CreateTempSubdirectory($"ftpmount-test-{name}-").FullName);
        File.SetUnixFileMode(directory.Path, Traversable); // the daemons change their user before they come here
        foreach (string part in (string[])[directory.Root, directory.Log, directory.Etc])
        {
            Directory.CreateDirectory(part);
            File.SetUnixFileMode(part, Traversable);
        }
        TestAccount.Current.TakeOwnership(directory.Root);
        return directory;
    }

    /// <summary>Writes a file into <see cref="Etc"/>.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">Its text.</param>
    /// <param name="secret">Whether only the owner may read it.</param>
    /// <returns>Its path.</returns>
    public string Write(string name, string content, bool secret = false)
    {
        string path = System.IO.Path.Combine(Etc, name);
        File.WriteAllText(path, content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.SetUnixFileMode(path, secret ? Private : Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return path;
    }

    /// <summary>Writes a file that is embedded in this assembly into <see cref="Etc"/>.</summary>
    public string WriteResource(string name)
    {
        using Stream stream = typeof(ServerDirectory).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource {name} is not embedded");
        using var reader = new StreamReader(stream);
        return Write(name, reader.ReadToEnd());
    }

    /// <summary>All logs, each under a heading with its name.</summary>
    public async Task<string> ReadLogAsync(CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (string file in Directory.EnumerateFiles(Log).Order(StringComparer.Ordinal))
        {
            var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await using (content.ConfigureAwait(false))
            {
                using var reader = new StreamReader(content, Encoding.Latin1);
                text.Append("== ").AppendLine(System.IO.Path.GetFileName(file))
                    .AppendLine(await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false));
            }
        }
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        bool keepLogs = Environment.GetEnvironmentVariable("FTPMOUNT_TEST_KEEP_LOGS") == "1";
        foreach (string part in keepLogs ? (string[])[Root, Etc] : [Path])
        {
            try
            {
                Directory.Delete(part, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // Gone already.
            }
            catch (IOException)
            {
                // A mount of the test still looks into it, or a name that is not UTF-8 is in it; rm knows better.
                using var rm = System.Diagnostics.Process.Start("rm", ["-rf", "--one-file-system", part]);
                rm.WaitForExit();
            }
        }
    }
}
