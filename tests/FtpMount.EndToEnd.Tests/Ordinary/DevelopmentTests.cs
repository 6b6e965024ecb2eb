using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;

namespace FtpMount.EndToEnd.Tests.Ordinary;

/// <summary>git, sqlite3, make and gcc, editors.</summary>
public sealed class DevelopmentTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private static readonly Dictionary<string, string> GitEnvironment = new()
    {
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_AUTHOR_NAME"] = "A",
        ["GIT_AUTHOR_EMAIL"] = "a@example.org",
        ["GIT_COMMITTER_NAME"] = "A",
        ["GIT_COMMITTER_EMAIL"] = "a@example.org",
        ["GIT_TERMINAL_PROMPT"] = "0",
    };

    public static TheoryData<string> Places => WorkPlace.All;

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Git_clones_onto_it_and_finds_its_repository_sound(string place)
    {
        ProgramRun.SkipUnlessInstalled("git");
        using var folder = new TemporaryFolder();
        string origin = folder.PathOf("origin");
        SourceTree.Create(origin, 300);
        await GitAsync("init", "-q", "-b", "main", origin);
        await GitAsync("-C", origin, "add", ".");
        await GitAsync("-C", origin, "commit", "-q", "-m", "First");
        await File.WriteAllTextAsync(Path.Combine(origin, "new file"), "second version\n");
        await GitAsync("-C", origin, "add", ".");
        await GitAsync("-C", origin, "commit", "-q", "-m", "Second");

        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        string clone = work.PathOf("clone");
        await GitAsync("clone", "-q", "--no-local", origin, clone);
        await GitAsync("-C", clone, "fsck", "--full", "--strict");
        Assert.Equal("", (await GitAsync("-C", clone, "status", "--porcelain")).Output);
        (await ProgramRun.RunAsync(Limit, "diff", "-r", "--exclude=.git", origin, clone)).MustSucceed();

        (await ProgramRun.ShellAsync(Limit, "echo changed >> \"$1/new file\"; echo more > \"$1/another\"", clone)).MustSucceed();
        await GitAsync("-C", clone, "add", "-A");
        await GitAsync("-C", clone, "commit", "-q", "-m", "Third, made on the mount");
        await GitAsync("-C", clone, "checkout", "-q", "-b", "branch", "HEAD~1");
        await GitAsync("-C", clone, "checkout", "-q", "main");
        await GitAsync("-C", clone, "push", "-q", "origin", "main:pushed");
        await GitAsync("-C", clone, "gc", "-q");

        await work.ReopenAsync();
        clone = work.PathOf("clone");
        await GitAsync("-C", clone, "fsck", "--full", "--strict");
        Assert.Equal("", (await GitAsync("-C", clone, "status", "--porcelain")).Output);
        Assert.Equal("3\n", (await GitAsync("-C", clone, "rev-list", "--count", "HEAD")).Output);
        await work.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Places))]
    public Task Sqlite_fills_and_reads_a_database(string place) => UseSqliteAsync(place, "delete");

    [Theory]
    [MemberData(nameof(Places))]
    public Task Sqlite_fills_and_reads_a_database_with_a_write_ahead_log(string place) => UseSqliteAsync(place, "wal");

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_C_project_builds_on_it(string place)
    {
        ProgramRun.SkipUnlessInstalled("gcc");
        ProgramRun.SkipUnlessInstalled("make");
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        string project = work.PathOf("project");
        (await ProgramRun.ShellAsync(Limit, """
            mkdir -p "$1/src" "$1/build"
            for i in 1 2 3 4 5 6 7 8; do
              printf '#include "all.h"\nint f%s(int x) { return x + %s; }\n' $i $i > "$1/src/f$i.c"
              printf 'int f%s(int);\n' $i >> "$1/src/all.h"
            done
            printf '#include <stdio.h>\n#include "all.h"\nint main(void) { printf("%%d\\n", f1(f2(f3(f4(f5(f6(f7(f8(0))))))))); return 0; }\n' > "$1/src/main.c"
            printf 'objects := $(patsubst src/%%.c,build/%%.o,$(wildcard src/*.c))\nprogram: $(objects)\n\tgcc -o $@ $^\nbuild/%%.o: src/%%.c src/all.h\n\tgcc -O1 -Wall -c -o $@ $<\nclean:\n\trm -f program build/*.o\n' > "$1/Makefile"
            """, project)).MustSucceed();
        (await ProgramRun.RunAsync(Limit, "make", "-C", project, "-j2")).MustSucceed();
        Assert.Equal("36\n", (await ProgramRun.ShellAsync(Limit, "\"$1/program\"", project)).MustSucceed().Output);
        await AssertUpToDateAsync(project);

        await work.ReopenAsync();
        project = work.PathOf("project");
        await AssertUpToDateAsync(project);

        // Times are whole seconds here: what make builds now must not fall into the same second as what it built before.
        (await ProgramRun.ShellAsync(Limit, "find \"$1\" -type f -exec touch -d '1 minute ago' {} +", project)).MustSucceed();
        (await ProgramRun.ShellAsync(Limit, "sed -i 's/x + 1/x + 101/' \"$1/src/f1.c\"; touch \"$1/src/f1.c\"", project)).MustSucceed();
        string rebuilt = (await ProgramRun.RunAsync(Limit, "make", "-C", project)).MustSucceed().Output;
        Assert.Contains("f1.c", rebuilt, StringComparison.Ordinal);
        Assert.DoesNotContain("f2.c", rebuilt, StringComparison.Ordinal);
        Assert.Equal("136\n", (await ProgramRun.ShellAsync(Limit, "\"$1/program\"", project)).MustSucceed().Output);
        (await ProgramRun.RunAsync(Limit, "make", "-C", project, "clean")).MustSucceed();
        await work.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Vim_saves_without_leaving_anything_behind(string place)
    {
        ProgramRun.SkipUnlessInstalled("vim");
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        string document = work.PathOf("document.txt");
        (await ProgramRun.ShellAsync(Limit, "printf 'one\\ntwo\\n' > \"$1\"; chmod 640 \"$1\"", document)).MustSucceed();
        foreach (string copy in (string[])["no", "yes", "auto"])
        {
            (await ProgramRun.RunAsync(
                Limit, "vim", "-es", "-u", "NONE", "--cmd", "set nocompatible writebackup swapfile fsync backupcopy=" + copy, "-c", $"call append(line('$'), '{copy}')", "-c", "wq", document)).MustSucceed();
        }
        Assert.Equal("one\ntwo\nno\nyes\nauto\n", await File.ReadAllTextAsync(Path.Combine(work.ServerDirectory, "document.txt"), TestContext.Current.CancellationToken));
        Assert.Equal((UnixFileMode)0x1a0, File.GetUnixFileMode(Path.Combine(work.ServerDirectory, "document.txt")));
        Assert.Single(Directory.EnumerateFileSystemEntries(work.ServerDirectory));
        await work.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Everyday_commands_do_what_they_say(string place)
    {
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        (await ProgramRun.ShellAsync(Limit, """
            cd "$1"
            mkdir -p a/b/c 'with space/and more'
            echo hello > a/file; echo world >> a/file
            test "$(cat a/file)" = "$(printf 'hello\nworld')"
            sed -i s/world/there/ a/file; grep -q there a/file
            sort -r -o a/file a/file; test "$(head -1 a/file)" = there
            tee -a a/file < /etc/hostname > /dev/null
            dd if=/dev/urandom of=block bs=64k count=20 conv=fsync status=none
            dd if=/dev/zero of=block bs=1 seek=100000 count=10 conv=notrunc status=none
            test "$(stat -c %s block)" = 1310720
            cp block copy; cmp block copy
            cp --reflink=auto --sparse=always block sparse; cmp block sparse
            truncate -s 3M block; test "$(stat -c %s block)" = 3145728
            mv copy 'with space/and more/copied'; test ! -e copy
            mv 'with space' renamed; test -f 'renamed/and more/copied'
            install -m 755 /bin/true program; ./program
            touch -d '2001-02-03 04:05:06 UTC' old; test "$(stat -c %Y old)" = 981173106
            ls -la > /dev/null; du -s . > /dev/null; df . > /dev/null
            touch -- -l "it's" 'a#b%c' 'x*y[z]'; test "$(find . -maxdepth 1 -type f | wc -l)" = 8
            rm -- -l "it's" 'a#b%c' 'x*y[z]'
            flock a/file true
            for i in 1 2 3 4 5 6 7 8 9 10; do echo "$i" > "many$i"; done; cat many* | wc -l | grep -q '^10$'
            rm -r a renamed many*; rm block sparse program old
            test -z "$(ls -A)"
            """, work.Directory)).MustSucceed();
        Assert.Empty(Directory.EnumerateFileSystemEntries(work.ServerDirectory));
        await work.CloseAsync();
    }

    private static async Task AssertUpToDateAsync(string project)
    {
        ProgramResult made = (await ProgramRun.RunAsync(Limit, "make", "-d", "-C", project)).MustSucceed();
        ProgramResult times = await ProgramRun.ShellAsync(Limit, "find \"$1\" -type f -printf '%P %T+\n' | sort", project);
        string reasons = string.Join('\n', made.Output.Split('\n').Where(line => line.Contains("newer than", StringComparison.Ordinal) || line.Contains("Must remake", StringComparison.Ordinal)));
        Assert.True(made.Output.Contains("up to date", StringComparison.Ordinal) && !made.Output.Contains("gcc ", StringComparison.Ordinal), $"{reasons}\n{times.Output}");
    }

    private static async Task UseSqliteAsync(string place, string journal)
    {
        ProgramRun.SkipUnlessInstalled("sqlite3");
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        string database = work.PathOf("data.db");
        await SqliteAsync(database, $"PRAGMA journal_mode={journal}; CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT, number REAL); CREATE INDEX by_text ON t(text);");
        await SqliteAsync(database, "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, 'row ' || i, i / 3.0 FROM n; COMMIT;");
        for (int row = 0; row < 20; row++)
            await SqliteAsync(database, $"INSERT INTO t(text) VALUES ('single {row}');");
        await SqliteAsync(database, "UPDATE t SET text = 'changed ' || id WHERE id % 7 = 0; DELETE FROM t WHERE id % 100 = 0;");
        const string Questions = "PRAGMA integrity_check; SELECT count(*), sum(id) FROM t; SELECT text FROM t WHERE text = 'changed 77';";
        const string Answers = "ok\n4970|12475210\nchanged 77\n";
        Assert.Equal(Answers, await SqliteAsync(database, Questions));
        await work.ReopenAsync();
        Assert.Equal(Answers, await SqliteAsync(work.PathOf("data.db"), Questions));
        await SqliteAsync(work.PathOf("data.db"), "VACUUM;");
        Assert.Equal(Answers, await SqliteAsync(work.PathOf("data.db"), Questions));
        await work.CloseAsync();
    }

    private static async Task<string> SqliteAsync(string database, string sql) =>
        (await ProgramRun.RunAsync(Limit, "sqlite3", "-bail", database, sql)).MustSucceed().Output;

    private static async Task<ProgramResult> GitAsync(params string[] arguments) =>
        (await ProgramRun.RunAsync(Limit, GitEnvironment, "git", ["-c", "safe.directory=*", "-c", "gc.auto=0", .. arguments])).MustSucceed();
}
