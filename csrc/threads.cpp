// Threads without an OpenMP runtime of our own: torch's, if one is loaded, else plain ones.
//
// torch's OpenMP workers wait for the next parallel region by spinning. Workers of our own would have to share the
// cores with them; asking the runtime that is already there (by the entry point that compilers themselves call) takes
// those very workers. A forked child has lost its parent's workers and must not wait for them: it starts its own.
#include "threads.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace fused {
namespace {

using Start = void (*)(void (*)(void *), void *, unsigned, unsigned);

std::atomic<bool> forked{false};

// When the library is loaded: by the first parallel region it may be too late, the fork having come before it.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });

Start find_openmp() { return reinterpret_cast<Start>(dlsym(RTLD_DEFAULT, "GOMP_parallel")); }

struct Job {
    int parts;
    void (*work)(void *, int);
    void *context;
    std::atomic<int> next{0};

    static void take(void *self) {  // whichever thread comes, however many they are
        Job &job = *static_cast<Job *>(self);
        for (int part; (part = job.next++) < job.parts;) job.work(job.context, part);
    }
};

}  // namespace

void parallel(int parts, void (*work)(void *, int), void *context) {
    static const Start openmp = find_openmp();
    Job job{parts, work, context};
    if (parts <= 1) return Job::take(&job);
    if (openmp && !forked) return openmp(Job::take, &job, unsigned(parts), 0);
    std::vector<std::thread> threads;
    try {
        for (int i = 1; i < parts; i++) threads.emplace_back(Job::take, &job);
    } catch (const std::system_error &) {  // no more threads to be had: those there are do the work
    }
    Job::take(&job);
    for (auto &thread : threads) thread.join();
}

}  // namespace fused
