using System.Globalization;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Ordinary;

/// <summary>cp, diff, tar, rsync, find, grep on a source tree, and a big file.</summary>
public sealed class CopyingTests
{
    private const int Files = 2_000;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan BigFileLimit = TimeSpan.FromMinutes(6);

    public static TheoryData<string> Places => WorkPlace.All;

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_source_tree_copied_in_and_out_is_the_same(string place)
    {
        using var folder = new TemporaryFolder();
        string tree = folder.PathOf("tree");
        int directories = SourceTree.Create(tree, Files);
        await using WorkPlace work = await WorkPlace.OpenAsync(place);

        (await ProgramRun.RunAsync(Limit, "cp", "-a", tree, work.PathOf("tree"))).MustSucceed();
        (await ProgramRun.RunAsync(Limit, "diff", "-r", tree, work.PathOf("tree"))).MustSucceed();
        (await ProgramRun.RunAsync(Limit, "diff", "-r", tree, Path.Combine(work.ServerDirectory, "tree"))).MustSucceed();

        await work.ReopenAsync();
        (await ProgramRun.RunAsync(Limit, "cp", "-a", work.PathOf("tree"), folder.PathOf("out"))).MustSucceed();
        (await ProgramRun.RunAsync(Limit, "diff", "-r", tree, folder.PathOf("out"))).MustSucceed();
        Assert.Equal(await FilesOfAsync(tree), await FilesOfAsync(folder.PathOf("out")));
        if (KeepsDirectoryTimes(work.Kind))
            Assert.Equal(await DirectoriesOfAsync(tree), await DirectoriesOfAsync(folder.PathOf("out")));

        Assert.Equal(await CountAsync("find \"$1\" -type f | wc -l", tree), await CountAsync("find \"$1\" -type f | wc -l", work.PathOf("tree")));
        Assert.Equal(directories + 1, await CountAsync("find \"$1\" -type d | wc -l", work.PathOf("tree")));
        Assert.Equal(await CountAsync("grep -r abc \"$1\" | wc -l", tree), await CountAsync("grep -r abc \"$1\" | wc -l", work.PathOf("tree")));
        (await ProgramRun.RunAsync(Limit, "rm", "-r", work.PathOf("tree"))).MustSucceed();
        Assert.Empty(Directory.EnumerateFileSystemEntries(work.ServerDirectory));
        await work.CloseAsync();
    }

    /// <summary>1 GiB; <c>FTPMOUNT_BIG_FILE_MIB</c> says otherwise.</summary>
    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_big_file_copied_in_and_out_is_the_same(string place)
    {
        long size = long.Parse(Environment.GetEnvironmentVariable("FTPMOUNT_BIG_FILE_MIB") ?? "1024", CultureInfo.InvariantCulture) << 20;
        using var folder = new TemporaryFolder();
        await using (WorkerProcess worker = WorkerProcess.Start())
            Assert.Equal(Worker.Posix.Errno.None, (await worker.PathAsync("write-file", folder.PathOf("big"), BigFileLimit, size, seed: 7)).Error);
        await using WorkPlace work = await WorkPlace.OpenAsync(place);

        ProgramResult written = (await ProgramRun.RunAsync(BigFileLimit, "cp", folder.PathOf("big"), work.PathOf("big"))).MustSucceed();
        string sum = await SumAsync(folder.PathOf("big"));
        Assert.Equal(sum, await SumAsync(Path.Combine(work.ServerDirectory, "big")));

        await work.ReopenAsync();
        ProgramResult read = (await ProgramRun.RunAsync(BigFileLimit, "cp", work.PathOf("big"), folder.PathOf("out"))).MustSucceed();
        Assert.Equal(sum, await SumAsync(folder.PathOf("out")));
        await work.CloseAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{place}: {size >> 20} MiB in with {Rate(size, written):F0} MB/s, out with {Rate(size, read):F0} MB/s"));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_tar_archive_unpacks_and_packs(string place)
    {
        using var folder = new TemporaryFolder();
        SourceTree.Create(folder.PathOf("tree"), 200);
        (await ProgramRun.RunAsync(Limit, "tar", "-C", folder.Path, "-cf", folder.PathOf("in.tar"), "tree")).MustSucceed();
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        (await ProgramRun.RunAsync(Limit, "tar", "-C", work.Directory, "-xf", folder.PathOf("in.tar"))).MustSucceed();
        (await ProgramRun.RunAsync(Limit, "diff", "-r", folder.PathOf("tree"), work.PathOf("tree"))).MustSucceed();
        Assert.Equal(await FilesOfAsync(folder.PathOf("tree")), await FilesOfAsync(work.PathOf("tree")));
        (await ProgramRun.RunAsync(Limit, "tar", "-C", work.Directory, "-czf", work.PathOf("out.tar.gz"), "tree")).MustSucceed();
        (await ProgramRun.RunAsync(Limit, "tar", "-C", folder.Path, "-df", work.PathOf("out.tar.gz"))).MustSucceed();
        await work.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Rsync_copies_once_and_then_finds_nothing_to_do(string place)
    {
        ProgramRun.SkipUnlessInstalled("rsync");
        using var folder = new TemporaryFolder();
        SourceTree.Create(folder.PathOf("tree"), 200);
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        (await ProgramRun.RunAsync(Limit, "rsync", "-rtp", "--omit-dir-times", folder.PathOf("tree"), work.Directory)).MustSucceed();
        (await ProgramRun.RunAsync(Limit, "diff", "-r", folder.PathOf("tree"), work.PathOf("tree"))).MustSucceed();
        await work.ReopenAsync();
        ProgramResult again = (await ProgramRun.RunAsync(Limit, "rsync", "-rtp", "--omit-dir-times", "--modify-window=1", "--itemize-changes", folder.PathOf("tree"), work.Directory)).MustSucceed();
        Assert.Equal("", again.Output);
        await work.CloseAsync();
    }

    /// <summary>vsftpd and pyftpdlib set the times of files only; the mount keeps those of directories for as long as it lasts.</summary>
    private static bool KeepsDirectoryTimes(FtpServerKind? kind) => kind is not (FtpServerKind.Vsftpd or FtpServerKind.Pyftpdlib);

    /// <summary>Name, mode, modification time and size of all files, a line each.</summary>
    private static async Task<string> FilesOfAsync(string folder) =>
        (await ProgramRun.ShellAsync(Limit, "find \"$1\" -type f -printf '%P\\t%m\\t%TY-%Tm-%Td %TH:%TM:%.2TS\\t%s\\n' | sort", folder)).MustSucceed().Output;

    private static async Task<string> DirectoriesOfAsync(string folder) =>
        (await ProgramRun.ShellAsync(Limit, "find \"$1\" -mindepth 1 -type d -printf '%P\\t%m\\t%TY-%Tm-%Td %TH:%TM:%.2TS\\n' | sort", folder)).MustSucceed().Output;

    private static async Task<int> CountAsync(string script, string folder) =>
        int.Parse((await ProgramRun.ShellAsync(Limit, script, folder)).MustSucceed().Output, CultureInfo.InvariantCulture);

    private static async Task<string> SumAsync(string path) =>
        (await ProgramRun.RunAsync(BigFileLimit, "sha256sum", path)).MustSucceed().Output.Split(' ')[0];

    private static double Rate(long size, ProgramResult result) => size / result.Elapsed.TotalSeconds / 1e6;
}
