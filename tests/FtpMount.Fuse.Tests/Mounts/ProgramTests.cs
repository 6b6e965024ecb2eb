using System.Security.Cryptography;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>What ordinary programs do on a mount.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task A_tree_is_copied_in_and_out_without_a_difference()
    {
        await using var mount = await TestMount.CreateAsync();

        (await mount.RunAsync("""
            cd "$2"; mkdir -p tree/a/b/c tree/empty
            for i in 1 2 3 4 5 6 7 8 9; do head -c $((i * i * 40000)) /dev/urandom > "tree/a/b/file $i"; done
            : > tree/a/nothing; ln -s ../a/nothing tree/a/link; echo text > "tree/a/b/c/n'am\"e #%"; echo x > tree/x; chmod 640 tree/x; touch -d '2001-02-03 04:05:06.1234567' tree/x
            cp -a tree "$1/tree"; diff -r tree "$1/tree"
            cp -a "$1/tree" again; diff -r tree again
            test "$(stat -c '%a %y' tree/x)" = "$(stat -c '%a %y' again/x)"
            test "$(readlink again/a/link)" = ../a/nothing
            (cd tree; find . | sort) > one; (cd "$1/tree"; find . | sort) > two; cmp one two
            rm -r "$1/tree"; test -z "$(ls -A "$1")"
            """)).Expect();
    }

    [Fact]
    public async Task A_big_file_keeps_its_content_through_every_way_of_reading()
    {
        await using var mount = await TestMount.CreateAsync();
        var data = new byte[20_000_000];
        new Random(2).NextBytes(data);
        var expected = Convert.ToHexStringLower(SHA256.HashData(data));
        mount.Files.Add("big", data);
        mount.Files.Add("direct-big", data);
        mount.Files.Add("slow-big", data);

        var sums = (await mount.RunAsync("""
            cd "$1"; for f in big direct-big slow-big; do cat $f | sha256sum; dd if=$f bs=3333333 2>/dev/null | sha256sum; done
            cp slow-big slow-copy; cp direct-big direct-copy; sha256sum < slow-copy; sha256sum < direct-copy
            """)).Expect();

        Assert.Equal(8, sums.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line.StartsWith(expected, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Names_are_moved_linked_and_removed()
    {
        await using var mount = await TestMount.CreateAsync();

        (await mount.RunAsync("""
            cd "$1"; echo one > a; echo two > b
            mv a b; test "$(cat b)" = one; test ! -e a
            mkdir d e; mv b d/c; mv d e/f; test "$(cat e/f/c)" = one
            ln e/f/c hard; test "$(stat -c %h hard)" = 2
            if rmdir e 2>/dev/null; then exit 1; fi
            exec 3<>hard; rm hard; echo more >&3; exec 3>&-
            test "$(cat e/f/c)" = more
            mkfifo pipe 2>/dev/null && exit 1
            touch 'caf'"$(printf '\303\251')" "$(printf 'raw\377name')"; test "$(ls | wc -l)" = 3
            rm "$(printf 'raw\377name')"; test "$(ls | wc -l)" = 2
            """)).Expect();
    }

    [Fact]
    public async Task Files_are_truncated_appended_to_and_written_at_random()
    {
        await using var mount = await TestMount.CreateAsync();

        var size = (await mount.RunAsync("""
            cd "$1"; echo 1 > f; echo 2 >> f; echo 3 >> f; test "$(cat f | tr -d '\n')" = 123
            truncate -s 100000 f; truncate -s 4 f; test "$(cat f | tr -d '\n')" = 12
            printf x | dd of=f bs=1 seek=50000 conv=notrunc 2>/dev/null
            fallocate -l 200000 f; fallocate -n -l 400000 f; chmod 600 f; sync f
            stat -c '%s %a' f
            """)).Expect();

        Assert.Equal("200000 600\n", size);
    }

    [Fact]
    public async Task A_deferred_write_error_reaches_the_program_at_close()
    {
        await using var mount = await TestMount.CreateAsync();

        var result = await mount.RunAsync("""echo data > "$2/f"; cp "$2/f" "$1/full" """);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("No space left on device", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listing_of_ten_thousand_files_takes_few_requests()
    {
        const int Files = 10_000;
        await using var mount = await TestMount.CreateAsync();
        mount.Files.AddDirectory("many", Files);
        mount.Files.HasExtendedAttributes = false;

        var lines = (await mount.RunAsync("""ls -l "$1/many" | wc -l""")).Expect();

        Assert.Equal($"{Files + 1}\n", lines);
        var requests = mount.Mount.Statistics.RequestsByOpcode();
        Assert.True(requests.GetValueOrDefault("LOOKUP") < 10, string.Join(", ", requests));
        Assert.True(requests.Values.Sum() < Files / 10, string.Join(", ", requests));
    }

    [Fact]
    public async Task An_exception_is_an_error_for_one_program_and_the_mount_goes_on()
    {
        await using var mount = await TestMount.CreateAsync();
        mount.Files.Add("broken", new byte[10]);
        mount.Files.Add("whole", "whole"u8.ToArray());

        var result = await mount.RunAsync("""cat "$1/whole"; cat "$1/broken" """);

        Assert.Equal((1, "whole"), (result.ExitCode, result.Output));
        Assert.Contains("Input/output error", result.Error, StringComparison.Ordinal);
        Assert.Equal("whole", (await mount.RunAsync("""cat "$1/whole" """)).Expect());
    }

    [Fact]
    public async Task The_creation_time_and_the_space_are_shown()
    {
        await using var mount = await TestMount.CreateAsync();
        mount.Files.Add("a", []);

        Assert.StartsWith("2001-02-03 04:05:06", (await mount.RunAsync("""TZ=UTC stat -c %w "$1/a" """)).Expect(), StringComparison.Ordinal);
        Assert.Equal("1024G\n", (await mount.RunAsync("""df -BG --output=size "$1" | tail -1 | tr -d ' ' """)).Expect());
    }

    [Fact]
    public async Task A_read_only_mount_refuses_changes()
    {
        await using var mount = await TestMount.CreateAsync(static options => options with { ReadOnly = true });

        Assert.Contains("Read-only file system", (await mount.RunAsync("""touch "$1/a" """)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_programs_at_a_time_get_what_is_theirs()
    {
        await using var mount = await TestMount.CreateAsync();

        (await mount.RunAsync("""
            cd "$2"; for i in 1 2 3 4 5 6; do head -c 3000000 /dev/urandom > slow$i; done
            for i in 1 2 3 4 5 6; do (cp slow$i "$1/slow$i"; cmp slow$i "$1/slow$i"; echo ok > ok$i) & done; wait
            test "$(ls ok* | wc -l)" = 6
            """)).Expect();
    }
}
