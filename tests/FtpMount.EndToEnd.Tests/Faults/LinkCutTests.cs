using System.Globalization;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Faults;

/// <summary>
/// The link of an SFTP mount is cut at random while programs write, change, rename, remove and read: none of their calls fails or hangs, and in the end the server has byte
/// for byte what a local directory has on which the same was done.
/// </summary>
public sealed class LinkCutTests
{
    private const int Writers = 3;

    /// <summary>Bytes over the link between two cuts: from the middle of a login to several files.</summary>
    private const int LeastBytes = 1_000;

    private const int MostBytes = 1_500_000;

    /// <summary>Does the same below the mount and below a local directory until the file "stop" is there.</summary>
    private const string WriterScript =
        """
        mount=$1/w$3; mirror=$2/w$3; stop=$4; source=$5
        round=0
        mkdir "$mount" "$mirror"
        while [ ! -e "$stop" ]; do
            round=$((round + 1)); slot=$((round % 7)); size=$((round * 37 % 300 + 1))
            head -c ${size}K "$source" > "$mirror/new"
            for place in "$mount" "$mirror"; do
                [ "$place" = "$mirror" ] || cp "$mirror/new" "$place/new"
                mv "$place/new" "$place/file$slot"
                echo "line of round $round" >> "$place/file$slot"
                head -c 5000 "$source" | dd of="$place/file$slot" bs=5000 seek=3 conv=notrunc status=none
                mkdir -p "$place/directory$slot/below"
                cp "$place/file$slot" "$place/directory$slot/below/copy$round"
                ln -sf "../file$slot" "$place/directory$slot/link"
                [ $slot != 5 ] || rm -r "$place/directory2"
            done
            cmp "$mount/file$slot" "$mirror/file$slot"
            cmp "$mount/directory$slot/link" "$mirror/file$slot" || [ $slot = 5 ]
        done
        echo $round
        """;

    /// <summary>Reads files that are on the server already, each compared with the server's disk.</summary>
    private const string ReaderScript =
        """
        stop=$3; round=0
        while [ ! -e "$stop" ]; do
            for file in "$2"/*; do
                [ ! -e "$stop" ] || break
                cmp "$1/${file##*/}" "$file"
                round=$((round + 1))
            done
        done
        echo $round
        """;

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);

    /// <summary>How often; <c>FTPMOUNT_LINK_CUTS</c> says otherwise, and <c>FTPMOUNT_LINK_CUTS_SEED</c> where.</summary>
    private static readonly int Cuts = int.Parse(Environment.GetEnvironmentVariable("FTPMOUNT_LINK_CUTS") ?? "20", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("ssh")]
    [InlineData("builtin")]
    public async Task Nothing_is_lost_and_nothing_hangs_when_the_link_is_cut_at_random(string transport)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(SshTestServer.IsAvailable(out string reason), reason);
        int seed = Environment.GetEnvironmentVariable("FTPMOUNT_LINK_CUTS_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        string source = folder.PathOf("source");
        byte[] content = new byte[300 << 10];
        random.NextBytes(content);
        File.WriteAllBytes(source, content);
        string mirror = Directory.CreateDirectory(folder.PathOf("mirror")).FullName;
        string stop = folder.PathOf("stop");

        await using SshTestServer server = await SshTestServer.StartAsync(ct: TestContext.Current.CancellationToken);
        string ready = Directory.CreateDirectory(Path.Combine(server.RootDirectory, "ready")).FullName;
        for (int number = 0; number < 20 + (2 * Cuts); number++)
        {
            random.NextBytes(content);
            File.WriteAllBytes(Path.Combine(ready, $"{number}"), content);
        }
        server.AdoptFiles();
        await using var proxy = FaultProxy.Start(server.Host, server.Port);
        await using Mount mount = await Mount.StartAsync(MountSource.Of(server, transport, proxy.Port));

        TimeSpan limit = StartLimit + (TimeSpan.FromSeconds(30) * Cuts); // each cut may cost a call its time limit, which is 30 s
        Task<ProgramResult>[] load =
        [
            .. Enumerable.Range(0, Writers).Select(number =>
                ProgramRun.ShellAsync(limit, WriterScript, mount.MountPoint, mirror, number.ToString(CultureInfo.InvariantCulture), stop, source)),
            ProgramRun.ShellAsync(limit, ReaderScript, mount.PathOf("ready"), ready, stop),
        ];
        Task ended = Task.WhenAny(load);
        int cuts = 0;
        while (cuts < Cuts && !ended.IsCompleted)
        {
            Task cut = proxy.CutAfterAsync(random.Next(LeastBytes, MostBytes));
            await Task.WhenAny(cut, ended).WaitAsync(limit, TestContext.Current.CancellationToken);
            cuts += cut.IsCompleted ? 1 : 0;
        }
        File.WriteAllText(stop, "");

        ProgramResult[] results = await Task.WhenAll(load);
        foreach (ProgramResult result in results)
        {
            result.MustSucceed();
            Assert.True(int.Parse(result.Output, CultureInfo.InvariantCulture) > 0, "The load did nothing");
        }
        Assert.Equal(Cuts, cuts);
        await mount.UnmountAsync();
        for (int number = 0; number < Writers; number++)
            (await ProgramRun.RunAsync(StartLimit, "diff", "-r", Path.Combine(mirror, $"w{number}"), Path.Combine(server.RootDirectory, $"w{number}"))).MustSucceed();
        Assert.Equal(Writers + 1, Directory.GetFileSystemEntries(server.RootDirectory).Length);
        TestContext.Current.TestOutputHelper?.WriteLine($"{cuts} cuts, {proxy.AcceptedConnections} connections; rounds: {string.Join(", ", results.Select(result => result.Output.Trim()))}");
    }
}
